/**
 * The little of swagger-client 2 that the tests use. The package brings no types, and those of its later versions are of
 * another library.
 */
declare module 'swagger-client' {
  /** Makes a client from a description. What `new` gives is a promise of it. */
  class SwaggerClient {
    static readonly ApiKeyAuthorization: new (
      name: string,
      value: string,
      where: 'header' | 'query',
    ) => unknown
    constructor(options: { readonly spec: unknown; readonly usePromise: true })
  }

  namespace SwaggerClient {
    /** An answer as the client gives it: also what an operation rejects with. `statusText` is the body's text. */
    type Answer = { readonly status: number; readonly obj: unknown; readonly statusText: string }

    /** One operation of the description. */
    type Operation = (parameters?: Readonly<Record<string, unknown>>) => PromiseLike<Answer>

    /** A client made from a description: the operations by tag and `operationId`. */
    type Api = {
      readonly clientAuthorizations: { add(name: string, authorization: unknown): void }
      readonly [tag: string]: unknown
    }
  }

  export = SwaggerClient
}

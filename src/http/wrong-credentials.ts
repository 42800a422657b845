/**
 * Guessing is slow: credentials that are wrong are counted for each address, and beyond the rate they are answered 429
 * instead of 403 or 401. Every credential is looked at first, so whoever shows a right one is never held up by somebody who
 * guesses behind the same address.
 */
import type { IncomingMessage } from 'node:http'
import type { Rates } from '../domain/rates.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { Addresses } from './addresses.ts'

/** Counts wrong credentials. */
export class WrongCredentials {
  readonly #rates: Rates
  readonly #addresses: Addresses

  constructor(ports: { readonly rates: Rates; readonly addresses: Addresses }) {
    this.#rates = ports.rates
    this.#addresses = ports.addresses
  }

  /** Does what looks at a credential, at once. @throws what it throws, or ProtocolError `TooManyRequests` */
  check<Result>(request: IncomingMessage, look: () => Result): Result {
    try {
      return look()
    } catch (error) {
      throw this.counted(request, error)
    }
  }

  /** The same for what takes its time. */
  async checked<Result>(request: IncomingMessage, look: () => Promise<Result>): Promise<Result> {
    try {
      return await look()
    } catch (error) {
      throw this.counted(request, error)
    }
  }

  /**
   * Counts a refusal and gives what to throw in its place. A credential that is missing is no guess, and a client's that
   * has expired was right once.
   */
  counted(request: IncomingMessage, error: unknown): unknown {
    if (!(error instanceof ProtocolError)) return error
    // Bots' SDKs know a forged token by 401, and clients a wrong one by 403.
    const isGuess = error.failure === 'Forbidden' || (error.failure === 'Unauthenticated' && hasShown(request))
    if (!isGuess) return error
    const seconds = this.#rates.take('wrongCredentialsPerAddress', this.#addresses.callerOf(request))
    if (seconds === 0) return error
    return new ProtocolError('TooManyRequests', 'Too many wrong credentials have come from this address.', {
      retryAfterSeconds: seconds,
      cause: error,
    })
  }
}

const hasShown = ({ headers }: IncomingMessage): boolean => headers.authorization !== undefined

/**
 * A client of HTTP that costs as little as a client can: a kept-alive connection with one request on it at a time,
 * and a pool of them.
 */
import { connect, type Socket } from 'node:net'
import { HttpReader } from './http-reader.ts'

/** Where a service listens. */
export type Address = { readonly host: string; readonly port: number }

/** Takes an answer. Status 0: the connection broke, and the body says why. */
export type OnAnswer = (status: number, body: Buffer) => void

/** A request as it goes over the line. ASCII only. */
export function requestText(
  { host, port }: Address,
  method: string,
  path: string,
  more: { readonly authorization?: string | undefined; readonly body?: string } = {},
): string {
  const { authorization, body } = more
  return [
    `${method} ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n`,
    authorization === undefined ? '' : `Authorization: ${authorization}\r\n`,
    body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`,
    `\r\n${body ?? ''}`,
  ].join('')
}

/** One connection, opened when it is first used and again when the other side has closed it. */
export class HttpLine {
  readonly #address: Address
  #socket: Socket | undefined
  #onAnswer: OnAnswer | undefined

  constructor(address: Address) {
    this.#address = address
  }

  /** Sends a request. The one before must have been answered. */
  exchange(request: string, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer
    this.#socket ??= this.#open()
    this.#socket.write(request, 'latin1')
  }

  /** Breaks the connection off. */
  close(): void {
    this.#socket?.destroy()
  }

  #open(): Socket {
    const reader = new HttpReader((head, body) => this.#answered(Number(head.slice(9, 12)), body))
    const socket = connect({ ...this.#address, noDelay: true })
    let reason = 'The connection was closed.'
    socket.on('data', chunk => reader.push(chunk))
    socket.on('error', error => {
      reason = error.message
    })
    socket.on('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#answered(0, Buffer.from(reason))
    })
    return socket
  }

  #answered(status: number, body: Buffer): void {
    const onAnswer = this.#onAnswer
    this.#onAnswer = undefined
    onAnswer?.(status, body)
  }
}

/** As many lines to one service as there are requests at once. */
export class HttpPool {
  readonly address: Address
  readonly #free: HttpLine[] = []
  readonly #all: HttpLine[] = []

  constructor(address: Address) {
    this.address = address
  }

  /** Sends a request on a line that is free. */
  exchange(request: string, onAnswer: OnAnswer): void {
    const line = this.#free.pop() ?? this.#newLine()
    line.exchange(request, (status, body) => {
      this.#free.push(line)
      onAnswer(status, body)
    })
  }

  /** Sends a request and reads the JSON of its answer. @throws Error if the answer is not 2xx */
  call(
    method: string,
    path: string,
    more: { readonly authorization?: string | undefined; readonly json?: unknown } = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const { authorization, json } = more
    const body = json === undefined ? {} : { body: JSON.stringify(json) }
    const request = requestText(this.address, method, path, { authorization, ...body })
    return new Promise((resolve, reject) => {
      this.exchange(request, (status, body) => {
        if (status >= 200 && status < 300) resolve(JSON.parse(body.toString() || '{}') as Record<string, unknown>)
        else reject(refusal(`${method} ${path}`, status, body))
      })
    })
  }

  /** Breaks all connections off. */
  close(): void {
    for (const line of this.#all) line.close()
  }

  #newLine(): HttpLine {
    const line = new HttpLine(this.address)
    this.#all.push(line)
    return line
  }
}

/** What a bench that was refused dies of. */
export const refusal = (what: string, status: number, body: Buffer): Error =>
  new Error(`${what} was answered ${status}: ${body.toString().slice(0, 500)}`)

import { type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import type { LogAttributes, LogLevel } from '../diagnostics/log.ts'
import type { LimitedLog } from '../diagnostics/log-writer.ts'
import type { Control } from './control.ts'

// How the main thread and a worker that blocks in its receive talk: questions lie in the worker's port until it looks,
// answers and log lines come back as messages. Everything said is plain data.

interface Question {
  readonly number: number
  readonly name: string
  readonly argument: unknown
}

type News =
  | { readonly kind: 'answer'; readonly number: number; readonly value: unknown }
  | { readonly kind: 'fault'; readonly number: number; readonly message: string }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly attributes: LogAttributes
    }
  | { readonly kind: 'event'; readonly name: string; readonly value: unknown }

/** The worker's end. */
export class WorkerEnd {
  readonly #port: MessagePort
  readonly #control: Control
  readonly #answer: (name: string, argument: unknown) => unknown
  #seen = 0

  /**
   * `answer` is called for each question; what it returns, or what its promise gives, is cloned to the asker (a
   * Uint8Array is moved), and what it throws is told to him.
   */
  constructor(port: MessagePort, control: Control, answer: (name: string, argument: unknown) => unknown) {
    this.#port = port
    this.#control = control
    this.#answer = answer
  }

  /** Answers what was asked since the last call; costs next to nothing when that is nothing. */
  poll(): void {
    const { posted } = this.#control
    if (posted === this.#seen) return
    this.#seen = posted
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; ) {
      const { number, name, argument } = next.message as Question
      try {
        const value = this.#answer(name, argument)
        if (value instanceof Promise) void this.#answerLater(number, value)
        else this.#say({ kind: 'answer', number, value })
      } catch (error) {
        this.#fail(number, error)
      }
      next = receiveMessageOnPort(this.#port)
    }
  }

  /** Tells the main thread of something it did not ask for. */
  event(name: string, value: unknown): void {
    this.#say({ kind: 'event', name, value })
  }

  /** Where a worker's log lines end: `write` of its log settings. */
  log(level: LogLevel, message: string, attributes: LogAttributes): void {
    this.#say({ kind: 'log', level, message, attributes })
  }

  async #answerLater(number: number, value: Promise<unknown>): Promise<void> {
    try {
      this.#say({ kind: 'answer', number, value: await value })
    } catch (error) {
      this.#fail(number, error)
    }
  }

  #fail(number: number, error: unknown): void {
    this.#say({ kind: 'fault', number, message: error instanceof Error ? error.message : String(error) })
  }

  #say(news: News): void {
    // Octets move instead of being copied: they may be many.
    const isMoved = news.kind === 'answer' && news.value instanceof Uint8Array
    this.#port.postMessage(news, isMoved ? [(news.value as Uint8Array<ArrayBuffer>).buffer] : [])
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** The main thread's end. */
export class MainEnd {
  /** Settles when the worker's thread has ended: with its error, or undefined. */
  readonly ended: Promise<Error | undefined>
  readonly #worker: Worker
  readonly #control: Control
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0
  #isAlive = true

  constructor(
    worker: Worker,
    control: Control,
    log: LimitedLog,
    onEvent: (name: string, value: unknown) => void = () => {},
  ) {
    this.#worker = worker
    this.#control = control
    worker.on('message', (news: News) => {
      if (news.kind === 'log') log[news.level](news.message, news.attributes)
      else if (news.kind === 'event') onEvent(news.name, news.value)
      else if (news.kind === 'answer') this.#take(news.number)?.resolve(news.value)
      else this.#take(news.number)?.reject(new Error(news.message))
    })
    this.ended = new Promise((resolve) => {
      let failure: Error | undefined
      worker.once('error', (error) => {
        failure = error instanceof Error ? error : new Error(String(error))
      })
      worker.once('exit', (code) => {
        this.#isAlive = false
        if (code !== 0) failure ??= new Error(`a worker ended with code ${code}`)
        for (const waiting of this.#waiting.values()) waiting.reject(new Error('the worker has ended'))
        this.#waiting.clear()
        resolve(failure)
      })
    })
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** The answer of the worker; rejects when it has ended or does not answer in time (a pipe may hold it). */
  ask(name: string, argument: unknown, withinMs: number): Promise<unknown> {
    if (!this.#isAlive) return Promise.reject(new Error('the worker has ended'))
    const number = ++this.#asked
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(number)?.reject(new Error(`a worker has not answered for ${withinMs} ms`))
      }, withinMs)
      this.#waiting.set(number, {
        resolve: (value) => {
          clearTimeout(timer)
          resolve(value)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      const question: Question = { number, name, argument }
      this.#worker.postMessage(question)
      this.#control.announce()
    })
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    return waiting
  }
}

import { blanks, unescaped } from './json-value.ts'
import { KeyEntry } from './key-entry.ts'
import type { KeyTarget } from './known-keys.ts'
import { shapeKey } from './line-shape.ts'

/** Different keys of all objects, at most. */
const MAX_KEYS = 2048
const MAX_KEY_OCTETS = 512

/** Where values of a key go, by its printed name. */
export type TargetOf = (key: string) => KeyTarget

/** Finds keys by their octets, and knows each one that ever came. */
export class KeyFinder {
  /** Why there was no key, and where. */
  reason = ''
  failedAt = 0
  /** Octets of the key that was found, with its colon and the blanks behind it. */
  length = 0
  /** Whether a key has come whose column another key has already. */
  isRivalNew = false
  readonly #targetOf: TargetOf
  readonly #entries = new Map<string, KeyEntry>()

  constructor(targetOf: TargetOf) {
    this.#targetOf = targetOf
  }

  /** The entry of the key at `p`; null, with `reason`, where there is none. */
  find(octets: Uint8Array, p: number): KeyEntry | null {
    const from = p
    if (octets[p] !== 0x22) return this.#fail('a key is missing', p)
    let isEscaped = false
    for (p++; octets[p] !== 0x22; p++) {
      if (octets[p] === 0x5c) {
        isEscaped = true
        p++
      }
      if (octets[p]! < 0x20 || p - from > MAX_KEY_OCTETS) return this.#fail('a key is broken', from)
    }
    const to = p
    p = blanks(octets, p + 1)
    if (octets[p] !== 0x3a) return this.#fail('a colon is missing', p)
    p = blanks(octets, p + 1)
    this.length = p - from
    const name = isEscaped ? unescaped(octets, from + 1, to) : octets.subarray(from + 1, to)
    const key = decoder.decode(name)
    return this.#entries.get(key) ?? this.#added(key, octets, from, p)
  }

  #added(key: string, octets: Uint8Array, from: number, to: number): KeyEntry | null {
    if (this.#entries.size >= MAX_KEYS) return this.#fail('more than 2048 different keys', from)
    const target = this.#targetOf(key)
    const shape = shapeKey(key, target, octets, to)
    const entry = new KeyEntry(key, this.#entries.size, octets.slice(from, to), target, shape)
    for (const other of this.#entries.values()) {
      if (!other.isRival(entry)) continue
      other.isNeverSteady = true
      entry.isNeverSteady = true
      this.isRivalNew = true
    }
    this.#entries.set(key, entry)
    return entry
  }

  #fail(reason: string, at: number): null {
    this.reason = reason
    this.failedAt = at
    return null
  }
}

const decoder = new TextDecoder()

import type { FlagReader } from './flag-reader.ts'
import { parseDuration, parseSize } from './values.ts'

/** What may stay: age, octets, room left on the file system; null is no bound. */
export interface KeepRules {
  readonly ageMs: number | null
  readonly octets: number | null
  readonly free: { readonly octets: number } | { readonly part: number } | null
}

/** What `--keep`, `--max-size` and `--min-free` say; throws UsageError. */
export function keepRules(flags: FlagReader): KeepRules {
  return { ageMs: keptMs(flags, 'keep'), octets: octets(flags), free: room(flags) }
}

/** The duration of the flag `name`, or null where it is not given. */
export function keptMs(flags: FlagReader, name: string): number | null {
  const text = flags.text(name) || null
  if (text === null) return null
  const ms = parseDuration(text)
  if (ms === undefined) throw flags.wrong(name, text, 'a duration such as 12h or 30d')
  return ms
}

function octets(flags: FlagReader): number | null {
  const text = flags.text('max-size') || null
  if (text === null) return null
  const size = parseSize(text)
  if (size === undefined) throw flags.wrong('max-size', text, 'a size such as 500M or 10G')
  return size
}

function room(flags: FlagReader): KeepRules['free'] {
  const text = flags.text('min-free') || null
  if (text === null) return null
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (percent !== null && Number(percent[1]) < 100) return { part: Number(percent[1]) / 100 }
  const size = parseSize(text)
  if (size === undefined) throw flags.wrong('min-free', text, 'a size such as 20G, or a part such as 10%')
  return { octets: size }
}

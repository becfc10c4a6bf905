import { type Network, parseAddress, parseNetwork } from '../lib/bytes/address.ts'

// Text to typed values. Each parser returns undefined for text that is not of its kind; who asks knows the flag.

const DURATION_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

/** Milliseconds of `90s`, `5m`, `1h30m`, `30d`, `2y` of 365 days each, `0`. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w|y))+$/.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w|y)/g)) {
    ms += Number(amount) * DURATION_MS[unit!]!
  }
  return ms
}

const SIZE_POWER = 'kmgtp'

/** Octets of `9000`, `64KiB`, `10G`, `1.5MB`; `K`, `M`, `G` count in thousands, `Ki`, `Mi`, `Gi` in 1024s. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(?:([kmgtp])(i?))?b?$/i.exec(text)
  if (match === null) return undefined
  const base = match[3] === '' || match[3] === undefined ? 1000 : 1024
  const power = match[2] === undefined ? 0 : SIZE_POWER.indexOf(match[2].toLowerCase()) + 1
  const octets = Number(match[1]) * base ** power
  return Number.isSafeInteger(octets) ? octets : undefined
}

/** A whole number written in decimal digits. */
export function parseInteger(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** Go's words for a truth value: `1 t T TRUE true True 0 f F FALSE false False`. */
export function parseBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  return undefined
}

/** Four words of an IPv4 or IPv6 address. */
export function parseAddressWords(text: string): Uint32Array | undefined {
  const words = new Uint32Array(4)
  return parseAddress(text, words) ? words : undefined
}

/** A network or a single address. */
export function parseNetworkText(text: string): Network | undefined {
  return parseNetwork(text) ?? undefined
}

/** Host and port of `:8080`, `127.0.0.1:8080`, `[::1]:8080`, `name:8080`; an empty host means every address. */
export function parseHostPort(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  return port > 65_535 ? undefined : { host: match[1] ?? match[2]!, port }
}

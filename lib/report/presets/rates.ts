import { FlowError } from '../../diagnostics/flow-error.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

/** Bits per second of `100M`, `2.5G`, `1000000`; throws QUERY_INVALID that names the flag. */
export function bitRate(flag: string, text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)(?:bit\/s|bps|b)?$/i.exec(text.trim())
  if (match === null)
    throw new FlowError('QUERY_INVALID', `--${flag} ${text}: want bits per second, such as 100M or 2.5G`)
  return Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!)
}

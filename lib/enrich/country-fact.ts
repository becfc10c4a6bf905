import type { AddressFact } from '../flow/address-fact.ts'
import type { BuiltInNetworks } from './built-in-networks.ts'
import type { WatchedMmdb } from './watched-mmdb.ts'

const CODE = /^[A-Za-z]{2}$/

/** Two letters as one number, so that no table of codes is needed; 0 where the text is no ISO 3166-1 code. */
function codeNumber(code: string): number {
  if (!CODE.test(code)) return 0
  const upper = code.toUpperCase()
  return upper.charCodeAt(0) * 256 + upper.charCodeAt(1)
}

/** The country of addresses as ISO 3166-1 codes, after the user's database, else after where ranges are registered. */
export function countryFact(
  database: Pick<WatchedMmdb<string>, 'find'> | null,
  builtIn: BuiltInNetworks | null,
): AddressFact {
  const byValue: number[] = [0]
  return {
    name: 'country',
    fill(words, from, to, out) {
      for (let i = from; i < to; i++) {
        if (database !== null) out[i] = codeNumber(database.find(words, i * 4) ?? '')
        else if (builtIn !== null) {
          const value = builtIn.countryTable.find(words, i * 4)
          byValue[value] ??= codeNumber(builtIn.countryCode(value))
          out[i] = byValue[value]!
        } else out[i] = 0
      }
    },
    text: (value) => (value === 0 ? '' : String.fromCharCode(value >>> 8, value & 255)),
    find: (text) => codeNumber(text) || -1,
  }
}

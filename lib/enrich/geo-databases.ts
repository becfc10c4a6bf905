import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import type { AsFields, GeoFields, GeoSource } from '../flow/geo.ts'
import type { BuiltInNetworks } from './built-in-networks.ts'
import { toAsFields, toGeoFields } from './geo-fields.ts'
import { WatchedMmdb } from './watched-mmdb.ts'

export interface GeoOptions {
  /** A City, Country or Enterprise database in MaxMind's format; null for none. */
  readonly cityPath: string | null
  /** An ASN, ISP or Enterprise database; null for none. */
  readonly asnPath: string | null
  /** Asked for the AS where `asnPath` is null; a database of the user's is never mixed with it. */
  readonly builtIn: BuiltInNetworks | null
  readonly log: Log
}

/** Names in the type of a database that tell what it has. */
const CITY_TYPES = /city|country|enterprise/i
const ASN_TYPES = /asn|isp|enterprise|\bas\b|autonomous/i

/** AS answers of the built-in table that are remembered. */
const MOST_SYSTEMS = 65_536

/** What is known of addresses, from the user's databases or the built-in table; throws a FlowError for unusable files. */
export function openGeoSource(options: GeoOptions): GeoSource {
  const { cityPath, asnPath, builtIn, log } = options
  const city = cityPath === null ? null : new WatchedMmdb<GeoFields | null>(cityPath, toGeoFields, log)
  const asn = asnPath === null ? null : new WatchedMmdb<AsFields | null>(asnPath, toAsFields, log)
  if (city !== null) mustHave(city.database.type, cityPath!, CITY_TYPES, ASN_TYPES, 'cities', 'City')
  if (asn !== null) mustHave(asn.database.type, asnPath!, ASN_TYPES, CITY_TYPES, 'AS numbers', 'ASN')
  const systems = asn === null && builtIn !== null ? builtInAsFields(builtIn) : null
  return {
    city: (words, at) => city?.find(words, at) ?? null,
    asn: (words, at) => (asn !== null ? asn.find(words, at) : (systems?.(words, at) ?? null)),
  }
}

/** Types that nobody knows may pass: others than MaxMind make databases too. */
function mustHave(
  type: string,
  path: string,
  wanted: RegExp,
  other: RegExp,
  what: string,
  hint: string,
): void {
  if (!wanted.test(type) && other.test(type))
    throw new FlowError(
      'TABLE_INVALID',
      `${path} is a ${type} database and has no ${what}: give a ${hint} database`,
    )
}

function builtInAsFields(builtIn: BuiltInNetworks): GeoSource['asn'] {
  const table = builtIn.asTable
  const known = new Map<number, AsFields>()
  return (words, at) => {
    const number = table.find(words, at)
    if (number === 0) return null
    let fields = known.get(number)
    if (fields === undefined) {
      fields = { number, organization: builtIn.asName(number) }
      if (known.size >= MOST_SYSTEMS) known.clear()
      known.set(number, fields)
    }
    return fields
  }
}

import type { AsFields, GeoFields } from '../flow/geo.ts'
import { textAt, valueAt } from './mmdb.ts'
import type { MmdbValue } from './mmdb-decoder.ts'

/** What a record of a City, Country or Enterprise database says, in English; null where it says nothing. */
export function toGeoFields(record: MmdbValue | null): GeoFields | null {
  const subdivisions = valueAt(record, 'subdivisions')
  // The last is the most specific one.
  const subdivision =
    (Array.isArray(subdivisions) ? (subdivisions as readonly MmdbValue[]).at(-1) : null) ?? null
  const lat = valueAt(record, 'location', 'latitude')
  const lon = valueAt(record, 'location', 'longitude')
  const country = textAt(record, 'country', 'iso_code')
  const region = textAt(subdivision, 'iso_code')
  const fields: GeoFields = {
    continentName: textAt(record, 'continent', 'names', 'en'),
    continentCode: textAt(record, 'continent', 'code'),
    countryIsoCode: country,
    countryName: textAt(record, 'country', 'names', 'en'),
    regionIsoCode: country !== '' && region !== '' ? `${country}-${region}` : '',
    regionName: textAt(subdivision, 'names', 'en'),
    cityName: textAt(record, 'city', 'names', 'en'),
    postalCode: textAt(record, 'postal', 'code'),
    location: isDegrees(lat, 90) && isDegrees(lon, 180) ? { lat, lon } : null,
  }
  return Object.values(fields).every((value) => value === '' || value === null) ? null : fields
}

function isDegrees(value: MmdbValue | undefined, most: number): value is number {
  return typeof value === 'number' && Math.abs(value) <= most
}

/**
 * What a record of an ASN, ISP or Enterprise database says; null where it says nothing. Databases of other makers, which
 * call the number `asn` (also as text, `AS64500`) and the organisation `as_name`, `name` or `organization`, are understood.
 */
export function toAsFields(record: MmdbValue | null): AsFields | null {
  const traits = valueAt(record, 'traits')
  const from = traits instanceof Map ? traits : record
  const number = asNumberOf(valueAt(from, 'autonomous_system_number') ?? valueAt(from, 'asn'))
  let organization = textAt(from, 'autonomous_system_organization')
  // MaxMind's ISP databases also have an `organization`, which is the customer's, not the system's.
  if (organization === '' && valueAt(from, 'autonomous_system_number') === undefined)
    organization = textAt(from, 'as_name') || textAt(from, 'name') || textAt(from, 'organization')
  return number === 0 && organization === '' ? null : { number, organization }
}

function asNumberOf(value: MmdbValue | undefined): number {
  if (typeof value === 'number')
    return Number.isInteger(value) && value > 0 && value <= 0xffffffff ? value : 0
  const digits = typeof value === 'string' ? /^(?:AS)?(\d{1,10})$/i.exec(value)?.[1] : undefined
  const number = Number(digits ?? 0)
  return number <= 0xffffffff ? number : 0
}

/** The ISO code of the country of a record, or the empty text. */
export function countryOf(record: MmdbValue | null): string {
  const country = valueAt(record, 'country')
  return typeof country === 'string'
    ? country
    : textAt(record, 'country', 'iso_code') || textAt(record, 'country_code')
}

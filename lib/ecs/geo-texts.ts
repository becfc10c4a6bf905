import type { AsFields, GeoFields } from '../flow/geo.ts'

/** An object as JSON, in double words so that it is copied eight octets at a time. */
export interface GeoText {
  readonly words: BigUint64Array
  readonly length: number
}

const encoder = new TextEncoder()
const texts = new WeakMap<object, GeoText>()

/** The object of `source.geo` as text, remembered as long as the answer that it was made of. */
export function geoText(geo: GeoFields): GeoText {
  return texts.get(geo) ?? remember(geo, geoOf(geo))
}

/** The object of `source.as` as text. */
export function asText(as: AsFields): GeoText {
  return texts.get(as) ?? remember(as, asOf(as))
}

/** Prints a text and returns the position behind it; up to seven octets more are written. */
export function putGeoText(view: DataView, position: number, { words, length }: GeoText): number {
  for (let i = 0; i < words.length; i++) view.setBigUint64(position + i * 8, words[i]!, true)
  return position + length
}

function remember(key: object, value: object): GeoText {
  const octets = encoder.encode(JSON.stringify(value))
  const words = new BigUint64Array(Math.ceil(octets.length / 8))
  new Uint8Array(words.buffer).set(octets)
  const text = { words, length: octets.length }
  texts.set(key, text)
  return text
}

function geoOf(geo: GeoFields): object {
  return {
    ...(geo.cityName !== '' && { city_name: geo.cityName }),
    ...(geo.continentName !== '' && { continent_name: geo.continentName }),
    ...(geo.countryIsoCode !== '' && { country_iso_code: geo.countryIsoCode }),
    ...(geo.countryName !== '' && { country_name: geo.countryName }),
    ...(geo.location !== null && { location: { lat: geo.location.lat, lon: geo.location.lon } }),
    ...(geo.regionIsoCode !== '' && { region_iso_code: geo.regionIsoCode }),
    ...(geo.regionName !== '' && { region_name: geo.regionName }),
  }
}

function asOf(as: AsFields): object {
  return {
    ...(as.number > 0 && { number: as.number }),
    ...(as.organization !== '' && { organization: { name: as.organization } }),
  }
}

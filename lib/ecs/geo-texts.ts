import type { AsFields, GeoFields } from '../flow/geo.ts'

const encoder = new TextEncoder()

/** Prints what databases know of addresses as ECS' `geo` and `as`; remembers the text of each answer. */
export class GeoTexts {
  readonly #texts = new WeakMap<object, Uint8Array>()

  /** Prints the object of `source.geo`. */
  putGeo(out: Uint8Array, position: number, geo: GeoFields): number {
    return put(out, position, this.#texts.get(geo) ?? this.#remember(geo, geoOf(geo)))
  }

  /** Prints the object of `source.as`. */
  putAs(out: Uint8Array, position: number, as: AsFields): number {
    return put(out, position, this.#texts.get(as) ?? this.#remember(as, asOf(as)))
  }

  /** Octets that an answer takes, made when it is first seen. */
  roomOf(geo: GeoFields | null, as: AsFields | null): number {
    let room = 0
    if (geo !== null) room += (this.#texts.get(geo) ?? this.#remember(geo, geoOf(geo))).length
    if (as !== null) room += (this.#texts.get(as) ?? this.#remember(as, asOf(as))).length
    return room
  }

  #remember(key: object, value: object): Uint8Array {
    const text = encoder.encode(JSON.stringify(value))
    this.#texts.set(key, text)
    return text
  }
}

function put(out: Uint8Array, position: number, text: Uint8Array): number {
  for (let i = 0; i < text.length; i++) out[position + i] = text[i]!
  return position + text.length
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

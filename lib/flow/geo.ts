/** What a city database knows of an address, under ECS' names for `geo`; an empty text where it knows nothing. */
export interface GeoFields {
  readonly continentName: string
  readonly continentCode: string
  readonly countryIsoCode: string
  readonly countryName: string
  /** Country and subdivision: `US-WA`. */
  readonly regionIsoCode: string
  readonly regionName: string
  readonly cityName: string
  readonly postalCode: string
  /** Degrees; null where unknown. */
  readonly location: { readonly lat: number; readonly lon: number } | null
}

/** What an AS database knows of an address. */
export interface AsFields {
  /** 0 where unknown. */
  readonly number: number
  /** The empty text where unknown. */
  readonly organization: string
}

/**
 * Where addresses are and whose they are. `words` has four words per address in network order, IPv4 mapped (RFC 4291
 * §2.5.5.2); null where nothing is known, and always null for a database that nobody gave. An answer is never changed, and
 * the same object comes again for the same address as long as it is remembered, so what is made of it can be kept beside it.
 */
export interface GeoSource {
  city(words: Uint32Array, at: number): GeoFields | null
  asn(words: Uint32Array, at: number): AsFields | null
}

/** Octets an unsigned big-endian header field may take. */
type Width = 1 | 2 | 4

export interface HeaderLayout<Name extends string> {
  /** Total size of the header, in octets. */
  readonly octets: number
  /** Offset of a field from the header's start. */
  readonly at: Readonly<Record<Name, number>>
}

/** Describes a fixed header as an ordered table of `name: width in octets`; gives its size and offsets. */
export function headerLayout<const Fields extends Record<string, Width>>(
  fields: Fields,
): HeaderLayout<keyof Fields & string> {
  const at: Record<string, number> = {}
  let octets = 0
  for (const [name, width] of Object.entries(fields)) {
    at[name] = octets
    octets += width
  }
  return { octets, at: at as Record<keyof Fields & string, number> }
}

/** Where an AS number can come from: the user's table, the record, the table inside the executable. */
export type AsSource = 'user' | 'exporter' | 'built-in'

/** The order when nothing is said. */
export const AS_SOURCES: readonly AsSource[] = ['user', 'exporter', 'built-in']

/** What stands for an AS number of four octets that an exporter has no room for (RFC 6793 §9). */
const AS_TRANS = 23456

/** The order that `auto` or a list such as `exporter,user` asks for, or null where a word is unknown or comes twice. */
export function parseAsSources(text: string): readonly AsSource[] | null {
  if (text === 'auto') return AS_SOURCES
  const words = text.split(',').map((word) => word.trim())
  const sources = words.map((word) => AS_SOURCES.find((source) => source === word))
  const known = sources.filter((source) => source !== undefined)
  return known.length === words.length && new Set(known).size === known.length ? known : null
}

/** Whether an exporter's AS number says anything: 0 is unknown or its own AS, 23456 stands for another one. */
export function isKnownAs(number: number): boolean {
  return number !== 0 && number !== AS_TRANS
}

/** The first source in `order` that knows the AS, or null; each number is 0 where its source does not. */
export function pickAsSource(
  order: readonly AsSource[],
  user: number,
  exporter: number,
  builtIn: number,
): AsSource | null {
  for (let i = 0; i < order.length; i++) {
    const source = order[i]!
    if (source === 'user' ? user !== 0 : source === 'exporter' ? isKnownAs(exporter) : builtIn !== 0)
      return source
  }
  return null
}

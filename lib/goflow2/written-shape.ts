import { F } from '../flow/fields.ts'

/**
 * Columns that keep how a line was written, in rows that were read from a log: its WrittenShape as text, or, where
 * columns and shape do not give its octets back, the whole line.
 */
export const WRITTEN = { shape: F.lineShape, line: F.lineText } as const

/** One key of a line, and how its value was written. */
export interface WrittenKey {
  /** As it was printed. */
  readonly key: string
  /** Its name among the known keys; null for others. */
  readonly name: string | null
  /** The column of other keys, by name; null where they have only columns of the line's own. */
  readonly column: string | null
  /**
   * Empty for the form that goflow2 prints by default. Else a renderer of its mapping; `quoted`; for captured columns
   * `number`, `hex`, `text` or `ip`; `hex` and a number of octets for an integer in hexadecimal.
   */
  readonly form: string
}

/** How a line was written: which keys in which order, and in which form. */
export interface WrittenShape {
  /** Whose names of protocols it uses. */
  readonly compat: '2.2' | '2.1'
  readonly keys: readonly WrittenKey[]
}

/** The shape as text for the column. */
export function shapeText({ compat, keys }: WrittenShape): string {
  return JSON.stringify([compat, keys.map(({ key, name, column, form }) => [key, name, column, form])])
}

/** The shape that a text stands for; null where it is none. */
export function parseShape(text: string): WrittenShape | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(value) || !Array.isArray(value[1])) return null
  const compat = value[0] === '2.1' ? '2.1' : '2.2'
  const keys: WrittenKey[] = []
  for (const item of value[1] as unknown[]) {
    if (!Array.isArray(item)) return null
    const [key, name, column, form] = item as unknown[]
    if (typeof key !== 'string' || typeof form !== 'string') return null
    keys.push({ key, name: textOrNull(name), column: textOrNull(column), form })
  }
  return keys.length === 0 || keys.length > MOST_KEYS ? null : { compat, keys }
}

/** As many as a reader of lines takes. */
const MOST_KEYS = 1024

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

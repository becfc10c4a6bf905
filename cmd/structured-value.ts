import type { FlagReader } from './flag-reader.ts'

/** The value of a flag that is a list or a map, which a file holds as such and a command line as JSON; null for none. Throws UsageError. */
export function structuredValue(flags: FlagReader, name: string): unknown {
  const text = flags.text(name)
  if (!text) return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw flags.wrong(name, text, 'JSON')
  }
}

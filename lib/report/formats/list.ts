import type { Format } from './format.ts'

/** The addresses of the first section alone, each once, in the report's order: for firewalls. */
export const LIST_FORMAT: Format = {
  name: 'list',
  isForPeople: false,
  *write({ sections: [section] }) {
    if (section === undefined) return
    const place = section.columns.findIndex(({ unit }) => unit === 'address')
    const told = new Set<string>()
    for (const row of section.rows) {
      const cell = row[place]
      if (typeof cell !== 'string' || told.has(cell)) continue
      told.add(cell)
      yield `${cell}\n`
    }
  },
}

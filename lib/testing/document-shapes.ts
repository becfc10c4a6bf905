import { MARK } from '../flow/document-values.ts'
import type { DocumentPage } from '../flow/documents.ts'

/** What is wrong with the values that a page's documents tell, null for nothing: who packs them takes it for true. */
export function shapeFault(page: DocumentPage): string | null {
  const { octets, values, starts, ends, count } = page
  if (values === null) return 'nobody asked for values'
  const { shapes, firsts, marks } = values
  const text = (from: number, to: number) => Buffer.from(octets.subarray(from, to)).toString('latin1')
  const texts = new Map<number, string>()
  for (let i = 0; i < count; i++) {
    const shape = shapes[i]!
    if (shape === 0) continue
    let at = starts[i]!
    let between = ''
    for (let mark = firsts[i]!; mark < firsts[i + 1]!; mark += MARK) {
      const [from, to, twin] = [marks[mark]!, marks[mark + 1]!, marks[mark + 2]!]
      if (from < at || to < from || to > ends[i]!) return `document ${i}: a value from ${from} to ${to}`
      const isTwin = twin === 0 || (twin >= starts[i]! && twin < from)
      if (!isTwin || (twin > 0 && text(twin, twin + to - from) !== text(from, to))) {
        return `document ${i}: ${text(from, to)} does not stand before`
      }
      between += `${text(at, from)}\0`
      at = to
    }
    between += text(at, ends[i]!)
    const known = texts.get(shape)
    if (known !== undefined && known !== between) return `document ${i}: ${between} where there was ${known}`
    texts.set(shape, between)
  }
  return null
}

import { type PageParts, pageText } from '../html/page.ts'
import type { Format } from './format.ts'

/** A page for a browser, as lib/report/html/page.ts makes it. */
export function newHtml(parts: PageParts): Format {
  return {
    name: 'html',
    isForPeople: true,
    write: (report, { timeZone }) => pageText([report], parts, timeZone),
    writeTogether: (reports, { timeZone }) => pageText(reports, parts, timeZone),
  }
}

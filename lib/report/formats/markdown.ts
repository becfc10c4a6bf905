import { allRows, type Format } from './format.ts'
import { humanCell } from './human.ts'
import { isLeft } from './table.ts'

/** Tables of GitHub's Markdown, with the numbers that people read; notes and footer below. */
export const MARKDOWN: Format = {
  name: 'markdown',
  isForPeople: true,
  *write(report, { timeZone }) {
    yield `## ${escaped(report.title)}\n`
    for (const section of report.sections) {
      const { columns } = section
      if (section.title !== null) yield `\n### ${escaped(section.title)}\n`
      yield `\n| ${columns.map(({ title }) => escaped(title)).join(' | ')} |\n`
      yield `| ${columns.map((column) => (isLeft(column) ? '---' : '---:')).join(' | ')} |\n`
      for (const row of allRows(section))
        yield `| ${row.map((cell, i) => escaped(humanCell(cell, columns[i]!, timeZone))).join(' | ')} |\n`
    }
    if (report.notes.length + report.footer.length > 0) yield '\n'
    for (const note of report.notes) yield `${escaped(note)}\n\n`
    if (report.footer.length > 0)
      yield `${report.footer
        .filter(({ text }) => text !== '')
        .map(({ text }) => escaped(text))
        .join(' · ')}\n`
  },
}

function escaped(text: string): string {
  return text.replace(/[\\|<>*_`[\]]/g, '\\$&').replace(/[\r\n]/g, ' ')
}

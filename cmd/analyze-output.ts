import type { Format, Look } from '../lib/report/formats/format.ts'
import type { Report } from '../lib/report/report.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { ExportOutput } from './archive-export-output.ts'
import { strftime } from './strftime.ts'
import { isTerminal, STDOUT } from './terminal.ts'
import { terminalWidth } from './text-table.ts'

const PIECE_LETTERS = 1 << 16
/** Tables in files and pipes are as wide as they need to be. */
const ANY_WIDTH = Number.MAX_SAFE_INTEGER

/** The format of that name; nothing of the others is loaded. */
export async function loadFormat(name: string): Promise<Format> {
  switch (name) {
    case 'table':
      return (await import('../lib/report/formats/table.ts')).TABLE
    case 'csv':
      return (await import('../lib/report/formats/delimited.ts')).CSV
    case 'html':
      return (await import('../lib/report/formats/html.ts')).newHtml(
        (await import('./analyze-pages.ts')).pageParts(),
      )
    case 'dot':
      return (await import('../lib/report/formats/dot.ts')).DOT
    case 'json':
      return (await import('../lib/report/formats/json.ts')).JSON_OBJECT
    case 'ndjson':
      return (await import('../lib/report/formats/json.ts')).NDJSON
    case 'list':
      return (await import('../lib/report/formats/list.ts')).LIST_FORMAT
    case 'markdown':
      return (await import('../lib/report/formats/markdown.ts')).MARKDOWN
    case 'prom':
      return (await import('../lib/report/formats/prom.ts')).PROM
    default:
      return (await import('../lib/report/formats/delimited.ts')).TSV
  }
}

/** A report as it looks on stdout. */
export function textOf(format: Format, report: Report, options: Pick<AnalyzeOptions, 'timeZone'>): string {
  return [...format.write(report, lookOf({ ...options, output: '' }))].join('')
}

function lookOf({ output, timeZone }: Pick<AnalyzeOptions, 'output' | 'timeZone'>): Look {
  const isShown = output === '' && isTerminal(STDOUT)
  return {
    width: output === '' ? terminalWidth() : ANY_WIDTH,
    isColored: isShown && (process.env['NO_COLOR'] ?? '') === '',
    timeZone,
  }
}

/** Where a report goes: stdout, or a file that has its name once it is whole. */
export class ReportOutput {
  readonly #output: ExportOutput
  readonly #look: Look

  /** Throws FILE_UNWRITABLE. */
  constructor(options: Pick<AnalyzeOptions, 'output' | 'timeZone' | 'range'>) {
    const { output, timeZone, range } = options
    this.#output = new ExportOutput(output === '' ? '' : strftime(output, range, timeZone))
    this.#look = lookOf(options)
  }

  write(format: Format, reports: readonly Report[]): void {
    let text = ''
    for (const piece of written(format, reports, this.#look)) {
      text += piece
      if (text.length < PIECE_LETTERS) continue
      this.#print(text)
      text = ''
    }
    this.#print(text)
  }

  finish(): void {
    this.#output.finish()
  }

  abandon(): void {
    this.#output.abandon()
  }

  #print(text: string): void {
    const octets = new TextEncoder().encode(text)
    this.#output.write(octets, 0, octets.length)
  }
}

function* written(format: Format, reports: readonly Report[], look: Look): Iterable<string> {
  if (format.writeTogether !== undefined) yield* format.writeTogether(reports, look)
  else for (const report of reports) yield* format.write(report, look)
}

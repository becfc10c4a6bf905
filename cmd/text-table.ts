import { isTerminal, STDOUT } from './terminal.ts'

/** A column of a table on the terminal. */
export interface TextColumn {
  readonly title: string
  readonly isNumber?: true
  /** Columns are left out from the highest rank down until the rest fits; rank 0 always stays. */
  readonly rank: number
  /** A last resort: values lose their beginning. Never set for addresses and numbers. */
  readonly mayBeCut?: true
}

const GAP = '  '
/** A value that is cut keeps at least so many characters. */
const LEAST_CUT = 12

/**
 * Lines of a table that is at most `width` wide, if its columns of rank 0 are. `footer` is one more row, below a line.
 */
export function formatTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  footer: readonly string[] | null,
  width: number,
): string {
  const all = footer === null ? rows : [...rows, footer]
  const widths = columns.map(({ title }, i) =>
    all.reduce((most, row) => Math.max(most, row[i]!.length), title.length),
  )
  const shown = columns.map((_, i) => i)
  const total = () => shown.reduce((sum, i) => sum + widths[i]! + GAP.length, -GAP.length)
  const cutBy = () => {
    const excess = total() - width
    const cut = shown.find((i) => columns[i]!.mayBeCut === true)
    return excess > 0 && cut !== undefined && widths[cut]! - excess >= LEAST_CUT ? { cut, excess } : null
  }
  while (total() > width && cutBy() === null) {
    const worst = shown.reduce((a, b) => (columns[b]!.rank >= columns[a]!.rank ? b : a))
    if (columns[worst]!.rank === 0) break
    shown.splice(shown.indexOf(worst), 1)
  }
  const cut = cutBy()
  if (cut !== null) widths[cut.cut]! -= cut.excess
  const line = (row: readonly string[]) =>
    shown
      .map((i) => {
        const isCut = i === cut?.cut && row[i]!.length > widths[i]!
        const text = isCut ? `…${row[i]!.slice(1 - widths[i]!)}` : row[i]!
        return columns[i]!.isNumber ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)
      })
      .join(GAP)
      .trimEnd()
  const rule = shown.map((i) => '─'.repeat(widths[i]!)).join(GAP)
  const lines = [line(columns.map(({ title }) => title)), rule, ...rows.map(line)]
  if (footer !== null) lines.push(rule, line(footer))
  return lines.map((text) => `${text}\n`).join('')
}

/** Columns of the terminal that stdout is, by `COLUMNS` where it says, else as many as anyone wants. */
export function terminalWidth(): number {
  const told = Number(process.env['COLUMNS'])
  if (Number.isInteger(told) && told > 0) return told
  return (isTerminal(STDOUT) ? process.stdout.columns : undefined) ?? Number.MAX_SAFE_INTEGER
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']

/** Octets with three digits and a unit, for eyes; machines get numbers. */
export function withUnit(octets: number | bigint): string {
  let value = Number(octets)
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

/** A number with commas between its thousands. */
export function withCommas(value: number | bigint): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${withCommas(count)} ${noun}${count === 1 ? '' : 's'}`
}

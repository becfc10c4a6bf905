const NS_PER_SECOND = 1_000_000_000n

/** The moment told last: rows of one bin follow one another. */
let last = -1n
let lastText = ''

/** RFC 3339, UTC, with as many digits of a second as there are. */
export function formatNs(ns: bigint): string {
  if (ns !== last) {
    lastText = textOf(ns)
    last = ns
  }
  return lastText
}

function textOf(ns: bigint): string {
  const seconds = ns / NS_PER_SECOND
  const rest = String(ns % NS_PER_SECOND)
    .padStart(9, '0')
    .replace(/(000){1,3}$/, '')
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  return `${text}${rest === '' ? '' : `.${rest}`}Z`
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Build {
  readonly version: string
  /** Short commit and its date, or `source` and empty when run from a checkout. */
  readonly commit: string
  readonly date: string
}

/** Set by build.mjs. */
declare const WEIR_BUILD: Build | undefined

/** goflow2's release whose lines we write. */
const GOFLOW2 = '2.2.6'

/** What was built, and from what. */
export function build(): Build {
  if (typeof WEIR_BUILD !== 'undefined') return WEIR_BUILD
  const manifest = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')
  return { version: (JSON.parse(manifest) as { version: string }).version, commit: 'source', date: '' }
}

/** The one line of `weir --version`. */
export function versionLine(): string {
  const { version, commit, date } = build()
  return `weir ${version} (${[commit, date].filter((part) => part !== '').join(', ')}; Node ${process.versions.node})\n`
}

/** The one line of goflow2's `-v`: scripts look for its first word. */
export function goflow2VersionLine(): string {
  return `GoFlow2 ${GOFLOW2} (compatible; weir ${build().version})\n`
}

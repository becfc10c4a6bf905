import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogAttributes, LogLevel } from '../../diagnostics/log.ts'
import { parseNamePattern } from '../name-pattern.ts'
import { type RotateCounts, type RotateSettings, rotateLogs } from '../rotate.ts'

/** A folder for one test, and rotations in it. */
export interface Bench {
  readonly folder: string
  path(name: string): string
  /** Names in the folder, hidden ones too, in order. */
  names(): string[]
  /** Runs rotate at 10:05 of 2026-11-21 unless told otherwise; the counts that are not zero, and what was logged. */
  rotate(
    changes?: Partial<Omit<RotateSettings, 'names'>> & { readonly pattern?: string },
  ): Promise<{ counts: Partial<RotateCounts>; logged: string; said: string[] }>
  remove(): void
}

export function newBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'weir-rotate-'))
  return {
    folder,
    path: (name) => join(folder, name),
    names: () => readdirSync(folder).sort(),
    async rotate(changes = {}) {
      const lines: string[] = []
      const said: string[] = []
      const note =
        (level: LogLevel) =>
        (message: string, attributes: LogAttributes = {}) => {
          lines.push(`${level}: ${message} ${JSON.stringify(attributes)}`.replaceAll(`${folder}/`, ''))
        }
      const names = parseNamePattern(changes.pattern ?? '{name}_%Y%m%d_%H%M{ext}', 'UTC')
      if (typeof names === 'string') throw new Error(names)
      const all = await rotateLogs({
        logs: [join(folder, 'flows.log')],
        writer: null,
        signal: 'SIGHUP',
        isUntold: false,
        waitMs: 3000,
        isCopyTruncate: false,
        archiver: null,
        compression: 'none',
        command: null,
        keep: { ageMs: null, octets: null, free: null },
        stateFolder: null,
        waitsForLock: false,
        isDryRun: false,
        now: () => new Date('2026-11-21T10:05:00Z'),
        say: (line) => said.push(line.replaceAll(`${folder}/`, '')),
        ...changes,
        names,
        log: {
          debug: note('debug'),
          info: note('info'),
          warn: note('warn'),
          error: note('error'),
          limited: (_, message, attributes) => note('warn')(message, attributes),
        },
      })
      const counts = Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
      return { counts, logged: lines.join('\n'), said }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

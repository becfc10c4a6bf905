import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { FlowError } from '../../diagnostics/flow-error.ts'
import { reasonOf } from '../../diagnostics/reason.ts'

/** Writes a file that has its name once it is whole; throws FILE_UNWRITABLE. */
export function writeTextFile(path: string, lines: Iterable<string>): void {
  const unfinished = `${path}.part`
  try {
    writeFileSync(unfinished, [...lines].join(''))
    renameSync(unfinished, path)
  } catch (error) {
    throw new FlowError('FILE_UNWRITABLE', `cannot write ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The text of a file, null if there is none; throws FILE_UNREADABLE. */
export function readTextFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

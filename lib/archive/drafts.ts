import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { KeepingCalls } from './archive-calls.ts'
import type { ArchiveFile } from './file-facts.ts'
import { EXTENSION } from './naming.ts'

// Files that are on their way into an archive, and out of it.

/** What is not finished yet has this behind its name, and no reader looks at it. */
export const DRAFT = '.compact'

/** Removes what runs that were killed have not finished. */
export function removeDrafts(directory: string, { remove }: KeepingCalls): void {
  for (const name of readdirSync(directory, { recursive: true }).map(String)) {
    if (name.endsWith(`${EXTENSION}${DRAFT}`) || name.endsWith(`${EXTENSION}${DRAFT}.part`))
      guarded(join(directory, name), () => remove(join(directory, name)))
  }
}

/** Removes files, and has that on disk; throws FILE_UNWRITABLE. */
export function removeFiles(files: readonly ArchiveFile[], { remove, syncDirectory }: KeepingCalls): void {
  for (const { path } of files) guarded(path, () => remove(path))
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
    guarded(folder, () => syncDirectory(folder))
  }
}

/** Failures of the system become FILE_UNWRITABLE. */
export function guarded<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof FlowError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new FlowError('FILE_UNWRITABLE', `cannot change archive: ${path}: ${reason}`, { cause: error })
  }
}

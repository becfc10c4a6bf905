import { ARCHIVE_CALLS } from './archive-calls.ts'

/** Puts on disk that names came to these folders or went from them; a folder that is gone needs it no more. */
export function syncFolders(folders: Iterable<string>): void {
  for (const folder of folders) {
    try {
      ARCHIVE_CALLS.syncDirectory(folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

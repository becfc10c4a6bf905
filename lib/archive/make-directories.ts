import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory and those above it that are not there; throws as node:fs does. (mkdirSync's own `recursive` never
 * returns below a file system such as /proc, where nothing can be made and nothing is there.)
 */
export function makeDirectories(path: string): void {
  for (let isAboveMade = false; ; isAboveMade = true) {
    try {
      mkdirSync(path)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Another process may have been quicker.
      if (code === 'EEXIST') return
      const above = dirname(path)
      if (code !== 'ENOENT' || isAboveMade || existsSync(above)) throw error
      makeDirectories(above)
    }
  }
}

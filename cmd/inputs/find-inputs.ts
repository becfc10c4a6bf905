import { statSync } from 'node:fs'
import { liveFiles } from '../../lib/archive/live-files.ts'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../../lib/diagnostics/reason.ts'

/** One input that a word of the command line names. */
export interface FoundInput {
  readonly path: string
  /** Octets of a file, to know how much is left; 0 for pipes. */
  readonly octets: number
  /** Whether it is a pipe or device: what it gives cannot be read again. */
  readonly isLive: boolean
}

/**
 * The inputs that a path names: itself, `-` for standard input, or the archive files in and below a folder, by stream and
 * time, without those that another one replaces. Throws FILE_UNREADABLE.
 */
export function findInputs(path: string): FoundInput[] {
  if (path === '-') return [found(path, () => statSync('/dev/stdin'))]
  let isFolder = false
  try {
    isFolder = statSync(path).isDirectory()
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
  if (!isFolder) return [found(path, () => statSync(path))]
  const files = liveFiles([path])
  if (files.length === 0) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: there are no archive files in this folder`)
  }
  return files.map((file) => found(file.path, () => statSync(file.path)))
}

function found(path: string, stat: () => ReturnType<typeof statSync>): FoundInput {
  try {
    const facts = stat()
    const isFile = facts?.isFile() === true
    return { path, octets: isFile ? Number(facts.size) : 0, isLive: !isFile }
  } catch {
    // Who opens it will say why.
    return { path, octets: 0, isLive: path === '-' }
  }
}

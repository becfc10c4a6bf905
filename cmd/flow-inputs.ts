import { existsSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { ArchiveFile } from '../lib/archive/file-facts.ts'
import { archiveFiles, splitReplaced, touches } from '../lib/archive/live-files.ts'
import { PART_EXTENSION, parseArchiveName } from '../lib/archive/naming.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import type { Field } from '../lib/flow/fields.ts'
import type { FlowFile, FlowStream } from '../lib/flow/source.ts'
import { newStderrLog } from './collect-log.ts'
import { findInputs } from './inputs/find-inputs.ts'
import { flowsOf } from './inputs/flows-of.ts'
import { LogThreads } from './inputs/log-threads.ts'
import { type Input, openInput } from './inputs/open-input.ts'
import type { Hear } from './inputs/other-records.ts'
import { tell } from './progress.ts'
import type { TimeRange } from './times.ts'

/** By what another thread knows an archive file again. */
export interface ArchiveFacts {
  readonly path: string
  readonly blocks: number
  readonly codes: number
}

/** Inputs opened for a question, and how many could not be. */
export interface FlowInputs {
  readonly flows: readonly (FlowFile | FlowStream)[]
  readonly unreadable: number
  /** All of them as archive files that are whole; null where there are others. */
  readonly archives: readonly ArchiveFacts[] | null
  /** What counts of the archives that the words name as folders, of all kinds; null where they name something else. */
  readonly live: readonly ArchiveFile[] | null
  /** Captures and flow streams among them that can be read again. */
  readonly repeatable: readonly string[]
  /** Says which columns will be read, null for all, before any is: what else logs hold is skipped. */
  want(fields: readonly Field[] | null): void
  close(): void
}

/**
 * Opens what the words name, of folders only what may hold flows of the time range; what cannot be read is told. Long logs
 * are read by so many threads. `hear` takes records that are no flows of what can be read only once.
 */
export async function openFlowInputs(
  words: readonly string[],
  range: TimeRange,
  threads = 1,
  hear: Hear | null = null,
): Promise<FlowInputs> {
  const readers = threads > 1 ? new LogThreads(threads) : null
  const opened: Input[] = []
  const folders = new Map<string, readonly ArchiveFile[]>()
  const flows: (FlowFile | FlowStream)[] = []
  let unreadable = 0
  const log = newStderrLog({ logLevel: 'warn', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
  const trying = async (action: () => Promise<void>) => {
    try {
      await action()
    } catch (error) {
      if (!isOfInput(error)) throw error
      unreadable++
      tell(`weir: ${error.message}\n`)
    }
  }
  for (const word of words) {
    await trying(async () => {
      const before = opened.length
      // A file that is gone was joined with others meanwhile: the folder is looked at once more.
      for (let isFirst = true; ; isFirst = false) {
        let isGone = false
        if (isFolder(word)) folders.set(word, splitReplaced(archiveFiles([word])).live)
        for (const path of pathsOf(word, folders.get(word), range)) {
          await trying(async () => {
            if (isGone) return
            try {
              const input = await openInput(path, { log })
              opened.push(input)
              if (input.kind === 'archive') readOpenEnd(input)
            } catch (error) {
              isGone = isFirst && path !== word && !existsSync(path)
              if (!isGone) throw error
            }
          })
        }
        if (!isGone) break
        for (const input of opened.splice(before)) input.close()
      }
      for (const input of opened.slice(before))
        flows.push(await flowsOf(input, readers, isRepeatable(input) ? null : hear))
    })
  }
  return {
    flows,
    unreadable,
    archives: archivesOf(opened),
    live: folders.size === new Set(words).size ? [...folders.values()].flat() : null,
    repeatable: opened.filter(isRepeatable).map(({ path }) => path),
    want(fields) {
      if (readers !== null) readers.only = fields
      for (const input of opened) if (input.kind === 'records') input.only = fields
    },
    close() {
      void readers?.close()
      for (const input of opened) input.close()
    },
  }
}

function isFolder(word: string): boolean {
  return word !== '-' && existsSync(word) && statSync(word).isDirectory()
}

/** Whether it is a file, not a pipe, of packets or a compressed one of flows, which is read from front to back. */
function isRepeatable(input: Input): boolean {
  const isAsked = input.kind === 'stream' || (input.kind === 'records' && input.format === 'pcap')
  return isAsked && input.path !== '-' && statSync(input.path).isFile()
}

/** The files that a word names, of a folder what may hold flows of the time range. Throws FILE_UNREADABLE. */
function pathsOf(word: string, live: readonly ArchiveFile[] | undefined, { from, to }: TimeRange): string[] {
  // Of a folder where only rollups are left there is nothing to open.
  if (live === undefined || live.length === 0) return findInputs(word).map(({ path }) => path)
  return live.filter((file) => file.rollup === null && touches(file, from, to)).map(({ path }) => path)
}

function archivesOf(inputs: readonly Input[]): ArchiveFacts[] | null {
  const archives: ArchiveFacts[] = []
  for (const input of inputs) {
    if (input.kind !== 'archive' || input.file.state !== 'finished') return null
    const { path, blocks, addresses } = input.file
    archives.push({ path, blocks: blocks.length, codes: addresses.codes })
  }
  return archives
}

/** A file without its end is read as far as it is whole; one that should have an end is damaged. */
function readOpenEnd({ file }: Input & { kind: 'archive' }): void {
  if (file.state !== 'open' || file.path.endsWith(PART_EXTENSION)) return
  file.readPastDamage()
  const isFinished = parseArchiveName(basename(file.path)) !== null
  if (isFinished && file.state === 'open' && file.problems.length === 0)
    file.problems.push({ at: file.wholeOctets, what: 'the footer is missing or wrong' })
}

function isOfInput(error: unknown): error is FlowError {
  return (
    error instanceof FlowError &&
    ['FILE_UNREADABLE', 'CAPTURE_CORRUPT', 'ARCHIVE_CORRUPT', 'ARCHIVE_VERSION'].includes(error.code)
  )
}

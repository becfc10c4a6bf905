import { statSync } from 'node:fs'
import { type ArchiveReader, openArchive } from '../../lib/archive/archive-reader.ts'
import { isArchiveFile } from '../../lib/archive/is-archive-file.ts'
import type { StreamIn } from '../../lib/archive/stream-in.ts'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import type { Log } from '../../lib/diagnostics/log.ts'
import { type Captures, NO_CAPTURES } from '../../lib/flow/captures.ts'
import type { Mapping } from '../../lib/goflow2/mapping-types.ts'
import type { CaptureInput } from '../../lib/receive/capture-input.ts'
import type { InputFormat } from './formats.ts'
import type { OnReject, RecordInput } from './records.ts'

export interface InputSettings {
  readonly log: Log
  readonly format?: InputFormat
  /** The mapping that logs were written with, and its text. */
  readonly mapping?: Mapping | null
  readonly mappingText?: string | null
  /** What the mapping takes from datagrams. */
  readonly captures?: Captures
  /** UDP destination ports taken from captures; empty: all. */
  readonly readPorts?: readonly number[]
  readonly onReject?: OnReject
  /** Whether rows of logs say how their lines were written, for those who print them again. */
  readonly keepsWritten?: boolean
}

/** An archive file, whose blocks can be read in any order. */
export interface ArchiveInput {
  readonly kind: 'archive'
  readonly path: string
  readonly file: ArchiveReader
  close(): void
}

/** A flow stream, or an archive file that comes through a pipe or is compressed. */
export interface StreamInput {
  readonly kind: 'stream'
  readonly path: string
  readonly stream: StreamIn
  /** Octets read from the file or pipe so far. */
  readonly octets: number
  close(): void
}

export type Input = ArchiveInput | StreamInput | RecordInput

/**
 * Opens one input, `-` for standard input, and tells by its octets what it is, compressed or not. Waits for no more of a
 * pipe than it needs for that. Throws FILE_UNREADABLE, and what `openArchive` throws.
 */
export async function openInput(path: string, settings: InputSettings): Promise<Input> {
  // Most inputs are archive files: these need no window, and what reads other inputs is not loaded for them.
  if ((settings.format ?? 'auto') === 'auto' && isArchiveFile(path)) return openFile(path)
  const { openCaptureInput } = await import('../../lib/receive/capture-input.ts')
  return openWindow(path, await openCaptureInput(path), settings)
}

/** As `openInput`, for one whose octets may have been looked at. */
export async function openWindow(
  path: string,
  window: CaptureInput,
  settings: InputSettings,
): Promise<Input> {
  const name = path === '-' ? 'standard input' : path
  try {
    const { format: wanted = 'auto' } = settings
    const format = wanted === 'auto' ? await formatOf(window) : wanted
    if (format === null) {
      throw new FlowError(
        'FILE_UNREADABLE',
        `cannot read ${name}: it is no log of goflow2, archive, flow stream or capture`,
      )
    }
    if (format === 'weir') return await openFlows(path, name, window)
    if (format === 'pcap') {
      const { log, readPorts = [], captures = NO_CAPTURES } = settings
      const { PacketInput } = await import('./packet-input.ts')
      return new PacketInput(path, window, { log, readPorts, captures })
    }
    const { mapping = null, mappingText = null, onReject = () => {}, keepsWritten = false } = settings
    const { LogInput } = await import('./log-input.ts')
    return new LogInput(path, format, window, { mapping, mappingText, onReject, keepsWritten })
  } catch (error) {
    await window.close()
    throw error
  }
}

async function openFlows(path: string, name: string, window: CaptureInput): Promise<Input> {
  // Only a file that lies there as it was written can be read in any order.
  if (window.isPlain && path !== '-' && statSync(path).isFile()) {
    await window.close()
    return openFile(path)
  }
  const { StreamIn } = await import('../../lib/archive/stream-in.ts')
  const stream = new StreamIn(name, window)
  return {
    kind: 'stream',
    path,
    stream,
    get octets() {
      return window.sourceOctets
    },
    close: () => stream.close(),
  }
}

function openFile(path: string): ArchiveInput {
  const file = openArchive(path)
  return { kind: 'archive', path, file, close: () => file.close() }
}

/** Captures begin with these: pcap in both byte orders, with micro- and nanoseconds, a variant, and pcapng. */
const CAPTURES = [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0xa1b2cd34, 0x34cdb2a1, 0x0a0d0d0a]

async function formatOf(window: CaptureInput): Promise<Exclude<InputFormat, 'auto'> | null> {
  const { DETECT_OCTETS, detectFormat } = await import('../../lib/goflow2/reading/detect-format.ts')
  for (let octets = 4; ; octets = window.to - window.from + 1) {
    const isMore = await window.more(octets)
    const known = window.octets.subarray(window.from, window.to)
    const magic = known.length < 4 ? 0 : new DataView(known.buffer, known.byteOffset).getUint32(0)
    if (CAPTURES.includes(magic)) return 'pcap'
    const format = detectFormat(known)
    const isKnown = format === 'text' || format === 'bin' || format === 'weir' || format === 'json'
    const isBlank = format === 'json' && !known.includes(0x7b)
    if (isKnown && !isBlank) return format
    // The first piece of a pipe may end anywhere, but no log begins with so much else.
    if (!isMore || known.length >= DETECT_OCTETS) return isBlank || isLines(known) ? 'json' : null
  }
}

/** Whether unknown octets may be lines: then those that are no flows are refused one by one. */
function isLines(octets: Uint8Array): boolean {
  if (Buffer.from(octets.buffer, octets.byteOffset, octets.length).includes('\n{')) return true
  return octets.every((octet) => octet >= 32 || (octet >= 9 && octet <= 13))
}

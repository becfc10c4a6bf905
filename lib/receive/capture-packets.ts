import { FlowError } from '../diagnostics/flow-error.ts'
import { type CaptureFormat, STEP, type Step } from './capture-format.ts'
import type { CaptureInput } from './capture-input.ts'
import { newPcapFormat } from './pcap.ts'
import { PcapngFormat } from './pcapng.ts'

/** Tells which format a capture has; throws CAPTURE_CORRUPT where it is none. `path` is for messages. */
export async function findFormat(path: string, input: CaptureInput): Promise<CaptureFormat> {
  const name = path === '-' ? 'standard input' : path
  if (!(await input.more(4))) {
    const why = input.damage ?? (input.to === input.from ? 'it is empty' : 'it is too short')
    throw new FlowError('CAPTURE_CORRUPT', `cannot read ${name} as a capture: ${why}`)
  }
  // The block type of a section header, the same in both byte orders.
  if (input.view.getUint32(input.from) === 0x0a0d_0d0a) return new PcapngFormat()
  const format = await newPcapFormat(input)
  if (format !== null) return format
  const magic = input.view.getUint32(input.from).toString(16).padStart(8, '0')
  throw new FlowError(
    'CAPTURE_CORRUPT',
    `cannot read ${name} as a capture: it begins with ${magic}; pcap and pcapng, also in gzip or zstd, are known`,
  )
}

/**
 * Reads all packets of a capture: `onPacket` finds each in `format.packet`, its octets in the input's window, good until
 * it returns or its promise is done. Returns why the rest could not be read, or null.
 */
export async function readPackets(
  input: CaptureInput,
  format: CaptureFormat,
  onPacket: () => void | Promise<void>,
): Promise<string | null> {
  const waiting: { for: Promise<void> | null } = { for: null }
  /** Reads packets until the window is used up, or someone must be waited for. */
  const readWindow = (): Step => {
    for (;;) {
      const step = format.next(input)
      if (step === STEP.other) continue
      if (step !== STEP.packet) return step
      const promise = onPacket()
      if (promise === undefined) continue
      waiting.for = promise
      return step
    }
  }
  for (;;) {
    const step = readWindow()
    if (waiting.for !== null) {
      await waiting.for
      waiting.for = null
      continue
    }
    if (step === STEP.more && (await input.more(format.needed))) continue
    if (step === STEP.skip && (await input.skip(format.needed))) continue
    if (step === STEP.damaged) return format.damage
    if (input.damage !== undefined) return `${input.damage} at octet ${input.position}`
    const isCut = step === STEP.skip || input.to > input.from
    return isCut ? `it ends within a block or packet at octet ${input.position}` : null
  }
}

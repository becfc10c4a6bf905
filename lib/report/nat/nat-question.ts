import { readFileSync } from 'node:fs'
import { formatAddress, parseAddress } from '../../bytes/address.ts'
import { FlowError } from '../../diagnostics/flow-error.ts'
import { reasonOf } from '../../diagnostics/reason.ts'
import { protocolNumber } from '../../flow/protocol-names.ts'
import type { Problem } from '../../flow/source.ts'
import { momentNs } from '../moment.ts'

/** Who had a public address and port at a moment; or, `isPrivate`, as whom a private one went out. */
export interface NatQuestion {
  /** Place among the questions asked together, from 1. */
  readonly number: number
  readonly address: string
  readonly words: Uint32Array
  readonly isPrivate: boolean
  /** Null: any. */
  readonly port: number | null
  readonly protocol: number | null
  /** Nanoseconds. */
  readonly atNs: bigint
}

/** More questions than one run holds in memory. */
const MOST_QUESTIONS = 5_000_000

/** The question that words ask; a text says what is wrong with them. */
export function natQuestion(
  number: number,
  isPrivate: boolean,
  ip: string,
  port: string | null,
  at: string,
  protocol: string | null,
): NatQuestion | string {
  const words = new Uint32Array(4)
  if (!parseAddress(ip, words)) return `${ip} is no IP address`
  const portNumber = port === null ? null : /^\d{1,5}$/.test(port) ? Number(port) : 65_536
  if (portNumber !== null && portNumber > 65_535) return `${port} is no port: want 0 to 65535`
  const atNs = momentNs(at)
  if (atNs === null) return `${at} is no time: want RFC 3339, such as 2026-01-01T12:03:07Z, or epoch seconds`
  const known = protocol === null ? null : protocolOf(protocol)
  if (known === undefined) return `${protocol} is no protocol: want tcp, udp, icmp or a number`
  return {
    number,
    address: formatAddress(words, 0),
    words,
    isPrivate,
    port: portNumber,
    protocol: known,
    atNs,
  }
}

function protocolOf(text: string): number | undefined {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : protocolNumber(text.toLowerCase())
  return number >= 0 && number <= 255 ? number : undefined
}

/**
 * Questions of a file: address, port, time and perhaps a protocol on each line, parted by blanks, commas or tabs; `#`
 * begins a comment and `-` stands for any port. Lines that ask nothing are problems. Throws FILE_UNREADABLE.
 */
export function questionsOfFile(
  path: string,
  isPrivate: boolean,
): { questions: NatQuestion[]; problems: Problem[] } {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
  const questions: NatQuestion[] = []
  const problems: Problem[] = []
  let lineNumber = 0
  let at = 0
  while (at < text.length) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end < 0 ? text.length : end)
    const lineAt = at
    at = end < 0 ? text.length : end + 1
    lineNumber++
    const [ip, port, time, protocol = null, ...more] = line
      .replace(/#.*/, '')
      .split(/[\s,;]+/)
      .filter((word) => word !== '')
    if (ip === undefined) continue
    // Headers of tables are no questions.
    if (lineNumber === 1 && !/[\d:]/.test(ip)) continue
    const asked =
      port === undefined || time === undefined || more.length > 0
        ? 'want ADDRESS PORT TIME [PROTOCOL]'
        : natQuestion(questions.length + 1, isPrivate, ip, port === '-' ? null : port, time, protocol)
    if (typeof asked === 'string') problems.push({ at: lineAt, what: `${path} line ${lineNumber}: ${asked}` })
    else questions.push(asked)
    if (questions.length > MOST_QUESTIONS)
      throw new FlowError('FILE_UNREADABLE', `${path}: more than ${MOST_QUESTIONS} questions; split the file`)
  }
  return { questions, problems }
}

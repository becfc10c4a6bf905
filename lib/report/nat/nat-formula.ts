import { readFileSync } from 'node:fs'
import { formatIpv4, parseIpv4, parseNetwork } from '../../bytes/address.ts'
import { FlowError } from '../../diagnostics/flow-error.ts'
import { reasonOf } from '../../diagnostics/reason.ts'
import { momentNs } from '../moment.ts'

/** One rule of a translator that computes instead of telling (RFC 7422 §2): ranges of equal length in order. */
export interface NatRule {
  readonly line: number
  readonly insideFrom: number
  readonly insideCount: number
  readonly outsideFrom: number
  readonly outsideCount: number
  readonly firstPort: number
  readonly lastPort: number
  /** Ports of each subscriber. */
  readonly size: number
  /** When it holds, nanoseconds; null: always. */
  readonly fromNs: bigint | null
  readonly toNs: bigint | null
}

/** What a rule says of one public address and port, or of one private address. */
export interface NatRuleAnswer {
  readonly rule: NatRule
  readonly inside: string
  readonly outside: string
  readonly firstPort: number
  readonly lastPort: number
}

/**
 * Rules of a file, one a line: `100.64.0.0/22 198.51.100.0/28 1024-65535 [PORTS] [FROM TO]`; `#` begins a comment.
 * Without PORTS all subscribers have equally many. Throws FILE_UNREADABLE and TABLE_INVALID, which names the line.
 */
export function natRules(path: string): NatRule[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
  const rules: NatRule[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const words = line
      .replace(/#.*/, '')
      .split(/\s+/)
      .filter((word) => word !== '')
    if (words.length === 0) continue
    const rule = ruleOf(words, i + 1)
    if (typeof rule === 'string')
      throw new FlowError(
        'TABLE_INVALID',
        `${path} line ${i + 1}: ${rule}; want INSIDE OUTSIDE FIRST-LAST [PORTS] [FROM TO]`,
      )
    rules.push(rule)
  }
  return rules
}

function ruleOf(words: readonly string[], line: number): NatRule | string {
  const [insideText, outsideText, portsText, ...rest] = words
  const inside = ipv4Range(insideText ?? '')
  if (inside === null) return `${insideText} is no IPv4 network`
  const outside = ipv4Range(outsideText ?? '')
  if (outside === null) return `${outsideText ?? 'nothing'} is no IPv4 network`
  const ports = /^(\d{1,5})-(\d{1,5})$/.exec(portsText ?? '')
  const [firstPort, lastPort] = [Number(ports?.[1]), Number(ports?.[2])]
  if (ports === null || lastPort > 65_535 || firstPort > lastPort)
    return `${portsText ?? 'nothing'} are no ports`
  const sizeText = rest.length === 1 || rest.length === 3 ? rest.shift() : undefined
  const all = lastPort - firstPort + 1
  const perAddress = Math.ceil(inside.count / outside.count)
  const size = sizeText === undefined ? Math.floor(all / perAddress) : Number(sizeText)
  if (!Number.isInteger(size) || size < 1 || size > all)
    return `${sizeText ?? size} ports each are not possible`
  if (Math.floor(all / size) * outside.count < inside.count) return 'there are more subscribers than ranges'
  const [fromText, toText] = rest
  const [fromNs, toNs] = [fromText, toText].map((text) => (text === undefined ? null : momentNs(text)))
  if (rest.length !== 0 && (rest.length !== 2 || fromNs === null || toNs === null))
    return `${rest.join(' ')} are no two times`
  return {
    line,
    insideFrom: inside.from,
    insideCount: inside.count,
    outsideFrom: outside.from,
    outsideCount: outside.count,
    firstPort,
    lastPort,
    size,
    fromNs: fromNs ?? null,
    toNs: toNs ?? null,
  }
}

function ipv4Range(text: string): { from: number; count: number } | null {
  const network = parseNetwork(text)
  if (network === null || network.bits < 96 || network.words[2] !== 0xffff) return null
  const count = 2 ** (128 - network.bits)
  const from = network.words[3]!
  return from % count === 0 ? { from, count } : null
}

/** Who has a public address and port by the rules. */
export function insideOf(
  rules: readonly NatRule[],
  address: string,
  port: number,
  atNs: bigint,
): NatRuleAnswer[] {
  const ip = parseIpv4(address)
  const answers: NatRuleAnswer[] = []
  for (const rule of rules) {
    const place = ip - rule.outsideFrom
    if (ip < 0 || place < 0 || place >= rule.outsideCount || !holds(rule, atNs)) continue
    if (port < rule.firstPort || port > rule.lastPort) continue
    const perAddress = Math.floor((rule.lastPort - rule.firstPort + 1) / rule.size)
    const range = Math.floor((port - rule.firstPort) / rule.size)
    const subscriber = place * perAddress + range
    if (range < perAddress && subscriber < rule.insideCount) answers.push(answerOf(rule, subscriber))
  }
  return answers
}

/** As whom a private address goes out by the rules. */
export function outsideOf(rules: readonly NatRule[], address: string, atNs: bigint): NatRuleAnswer[] {
  const ip = parseIpv4(address)
  const answers: NatRuleAnswer[] = []
  for (const rule of rules) {
    const subscriber = ip - rule.insideFrom
    if (ip >= 0 && subscriber >= 0 && subscriber < rule.insideCount && holds(rule, atNs))
      answers.push(answerOf(rule, subscriber))
  }
  return answers
}

function answerOf(rule: NatRule, subscriber: number): NatRuleAnswer {
  const perAddress = Math.floor((rule.lastPort - rule.firstPort + 1) / rule.size)
  const firstPort = rule.firstPort + (subscriber % perAddress) * rule.size
  return {
    rule,
    inside: formatIpv4(rule.insideFrom + subscriber),
    outside: formatIpv4(rule.outsideFrom + Math.floor(subscriber / perAddress)),
    firstPort,
    lastPort: firstPort + rule.size - 1,
  }
}

function holds({ fromNs, toNs }: NatRule, atNs: bigint): boolean {
  return (fromNs === null || atNs >= fromNs) && (toNs === null || atNs < toNs)
}

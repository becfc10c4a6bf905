import { F } from '../flow/fields.ts'
import { all, any, type Condition, NEVER } from './condition.ts'
import { numberOf, shownAs } from './cursor.ts'
import { E } from './nouns.ts'
import { rangeOf } from './number-set.ts'
import { choose, list, number, takeOperand } from './operands.ts'
import type { Columns, Head, Reading } from './reading.ts'
import { numberIs, takeNumberTail, takeText } from './tails.ts'
import { DENIALS, FIREWALL_EVENTS, FLAG_LETTERS } from './value-names.ts'
import { takeComparator, takeNumberSet } from './values.ts'

const TCP = numberIs(F.protocolIdentifier, rangeOf(6n, 6n))
const ICMP = any([
  numberIs(F.protocolIdentifier, rangeOf(1n, 1n)),
  numberIs(F.protocolIdentifier, rangeOf(58n, 58n)),
])

/** `flags S`: all of the letters; `flags = S`: those and no other; `flags 2`: the octet. All mean TCP only. */
export function flags(reading: Reading): Condition {
  const { cursor } = reading
  const comparator = takeComparator(reading)
  const token = cursor.peek()
  if ((token.kind === 'word' || token.kind === 'text') && numberOf(token.text) === null) {
    const letters = [...token.text.toUpperCase()].map((letter) => FLAG_LETTERS[letter])
    if (letters.length > 8 || letters.some((bit) => bit === undefined))
      throw cursor.fault(`letters of ASFRPUECX should stand here, not ${shownAs(token)}`)
    if (comparator !== null && comparator !== '==' && comparator !== '!=')
      throw cursor.fault('letters of flags can only be compared with = or !=')
    cursor.next()
    const bits = letters.reduce<number>((sum, bit) => sum | bit!, 0)
    const value = BigInt(bits)
    if (comparator === null) return { is: 'flags', bits }
    const strict = numberIs(F.tcpControlBits, rangeOf(value, value), { mask: 255 })
    return all([TCP, comparator === '==' ? strict : { is: 'not', part: strict }])
  }
  const set = takeNumberSet(
    reading,
    { what: 'letters of ASFRPUEC or a number', names: null, most: 255n },
    comparator ?? '==',
  )
  return all([TCP, numberIs(F.tcpControlBits, set, { mask: 255 })])
}

/** Type is the upper octet of the column, code the lower; both mean ICMP only. */
export function icmp(reading: Reading, word: string): Condition {
  const view = choose(reading, word, { type: { shift: 8, mask: 255 }, code: { shift: 0, mask: 255 } })
  const kind = { what: `an ICMP ${word}`, names: null, most: 255n }
  const isList = reading.cursor.takeWord('in') !== null
  if (isList) reading.cursor.place--
  const columns: Columns = { fields: [F.icmpTypeCode], isBoth: false, end: null, only: ICMP }
  return takeNumberTail(reading, columns, { places: {}, ...view }, kind, false, takeOperand)
}

/** Label stack entries are held with label, traffic class and bottom bit: 24 bits (RFC 3032 §2.1). */
export function mpls(reading: Reading, word: string): Condition {
  const { cursor } = reading
  const found = /^(label|exp)(\d{1,2})$/.exec(word)
  const depth = found === null ? 0 : Number(found[2])
  if (found !== null && depth >= 1 && depth <= 10) {
    return found[1] === 'label'
      ? list(reading, F.mplsLabelStack, depth - 1, 4, 0xfffff, 0xfffffn)
      : list(reading, F.mplsLabelStack, depth - 1, 1, 7, 7n)
  }
  if (word === 'any') return list(reading, F.mplsLabelStack, 'any', 4, 0xfffff, 0xfffffn)
  if (word === 'eos') return list(reading, F.mplsLabelStack, 'bottom', 4, 0xfffff, 0xfffffn)
  if (word !== '') cursor.place--
  throw cursor.fault(
    `label1 to label10, exp1 to exp10, any or eos should stand here, not ${shownAs(cursor.peek())}`,
  )
}

/** Events of Cisco ASA (NSEL). */
export function asa(reading: Reading, word: string): Condition {
  const { cursor } = reading
  if (word === 'event' && cursor.word() === 'denied' && DENIALS.has(cursor.word(1))) {
    cursor.next()
    return number(reading, E.fwExtEvent, 'what denied the flow', 65_535n, DENIALS)
  }
  switch (word) {
    case 'event':
      return number(reading, E.firewallEvent, 'an ASA event', 255n, FIREWALL_EVENTS)
    case 'xevent':
      return number(reading, E.fwExtEvent, 'an extended event', 65_535n, DENIALS)
    case 'denied':
      return number(reading, E.fwExtEvent, 'what denied the flow', 65_535n, DENIALS)
    case 'user':
      return { is: 'text', field: E.username, match: { is: 'texts', texts: [takeText(reading)] } }
    default:
      return choose(reading, word, { event: NEVER, xevent: NEVER, denied: NEVER, user: NEVER })
  }
}

/** Cisco's ACL ids are three words: the list, its entry, the extended entry. */
export function accessList(reading: Reading, head: Head): Condition {
  const [side, ...more] = head.qualifiers
  const field = side === 'ingress' || side === 'in' ? E.ingressAclID : E.egressAclID
  if (more.length > 0 || !['ingress', 'egress', 'in', 'out'].includes(side ?? '')) {
    reading.cursor.place = head.at
    throw reading.cursor.fault(`write ingress ${head.noun} or egress ${head.noun}`)
  }
  return list(reading, field, ['acl', 'ace', 'xace'].indexOf(head.noun), 0, 0, 0xffffffffn)
}

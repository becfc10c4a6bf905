import { F, type Field } from '../flow/fields.ts'
import { AddressSetBuilder } from './address-set.ts'
import { daysOf, isTimeZone, minuteOf } from './clock-window.ts'
import { type AddressMatch, ALWAYS, all, any, type Condition, NEVER, type Quantity } from './condition.ts'
import { numberOf, shownAs } from './cursor.ts'
import { fieldNamed, takeHead, unknownWord } from './heads.ts'
import { E, NOUNS, type Noun } from './nouns.ts'
import { type Comparator, type NumberSet, rangeOf } from './number-set.ts'
import { rateOf, takeQuantity } from './quantities.ts'
import { type Columns, directionIs, endIs, type Head, overColumns, type Reading } from './reading.ts'
import {
  asIs,
  numberIs,
  quantityOf,
  takeAddressTail,
  takeComparison,
  takeFactTail,
  takeMacTail,
  takeNumberTail,
  takeText,
  takeTextTail,
  takeTimeTail,
} from './tails.ts'
import { DENIALS, FIREWALL_EVENTS, FLAG_LETTERS, NAT_EVENTS, type ValueNames } from './value-names.ts'
import { expected, takeAddresses, takeComparator, takeNumberSet } from './values.ts'

const TCP = numberIs(F.protocolIdentifier, rangeOf(6n, 6n))
const ICMP = any([
  numberIs(F.protocolIdentifier, rangeOf(1n, 1n)),
  numberIs(F.protocolIdentifier, rangeOf(58n, 58n)),
])

/** Takes one primitive: what a filter is made of. */
export function takePrimitive(reading: Reading): Condition {
  const { cursor } = reading
  if (cursor.peek().kind === 'word' && numberOf(cursor.word()) !== null) return startingWithNumber(reading)
  const head = takeHead(reading)
  const { qualifiers, noun } = head
  if (noun === '') return direction(reading, head)
  const fact = reading.names.facts?.get(noun.toLowerCase())
  if (fact !== undefined) return takeFactTail(reading, columnsOf(reading, head, NOUNS['ip']!), fact)
  const known = Object.hasOwn(NOUNS, noun) ? NOUNS[noun]! : null
  if (known !== null) return ofNoun(reading, head, known)
  if (noun === 'net') return takeAddressTail(reading, columnsOf(reading, head, NOUNS['ip']!), true)
  const rate = rateOf(noun, isScaled(reading, head))
  if (rate !== null) return takeComparedTo(reading, rate, noun)
  const asked = words(reading, head)
  switch (noun) {
    case 'any':
      return ALWAYS
    case 'ipv4':
    case 'ipv6':
      return family(noun === 'ipv4' ? 4 : 6)
    case 'flags':
      return flags(reading)
    case 'icmp':
      return icmp(reading, asked())
    case 'engine':
      return number(
        reading,
        choose(reading, asked(), { type: F.engineType, id: F.engineId }),
        'a number',
        255n,
      )
    case 'mpls':
      return mpls(reading, asked())
    case 'asa':
      return asa(reading, asked())
    case 'event':
      if (qualifiers[0] === 'nat') return number(reading, E.natEvent, 'a NAT event', 255n, NAT_EVENTS)
      break
    case 'pblock':
      return number(
        reading,
        choose(reading, asked(), {
          start: E.portRangeStart,
          end: E.portRangeEnd,
          step: E.portRangeStepSize,
          size: E.portRangeNumPorts,
        }),
        'a port',
        65_535n,
      )
    case 'observation': {
      const field = choose(reading, asked(), { domain: F.observationDomainId, point: F.observationPointId })
      choose(reading, asked(), { id: field })
      return number(reading, field, 'a number', null)
    }
    case 'acl':
    case 'ace':
    case 'xace':
      return accessList(reading, head)
    case 'first':
    case 'last':
      choose(reading, asked(), { seen: F.flowStart })
      return takeTimeTail(reading, noun === 'first' ? F.flowStart : F.flowEnd)
    case 'internal':
    case 'transit':
      return directionIs(reading, noun)
    case 'between':
      return between(reading)
    case 'pair':
      return pair(reading)
    case 'sampled':
      return numberIs(F.samplingRate, rangeOf(2n, 0xffffffffn))
    case 'network.direction':
      return networkDirection(reading)
    case 'network.type':
      return networkType(reading)
    case 'source.locality':
    case 'destination.locality':
      return locality(reading, noun === 'source.locality' ? 'source' : 'destination')
    case 'event.duration': {
      const million: Quantity = { is: 'constant', n: 1_000_000n, d: 1n }
      return takeComparedTo(reading, { is: 'product', left: { is: 'duration' }, right: million }, noun)
    }
  }
  const field = fieldNamed(reading, noun)
  if (field === undefined || qualifiers.some((word) => word !== 'raw' && word !== 'scaled'))
    throw unknownWord(reading, head)
  return ofField(reading, field, isAsked(head, 'scaled'))
}

/** Reads an operand of arithmetic: a number, a column, a rate. */
export function takeOperand(reading: Reading): Quantity {
  const { cursor } = reading
  const number = cursor.peek().kind === 'word' ? numberOf(cursor.word()) : null
  if (number !== null) {
    cursor.next()
    return { is: 'constant', ...number }
  }
  if (cursor.peek().kind !== 'word')
    throw cursor.fault(`a number or a column should stand here, not ${shownAs(cursor.peek())}`)
  const head = takeHead(reading)
  const rate = rateOf(head.noun, isScaled(reading, head))
  if (rate !== null) return rate
  const noun = Object.hasOwn(NOUNS, head.noun) ? NOUNS[head.noun]! : null
  if (noun !== null) {
    const columns = columnsOf(reading, head, noun)
    const [field] = columns.fields
    if (field?.kind === 'address' || field?.kind === 'mac')
      throw cursor.fault(`${head.noun} is no number; arithmetic needs numbers`)
    return quantityOf(reading, columns, noun.isCounter === true && isScaled(reading, head))
  }
  const field = head.noun === '' ? undefined : fieldNamed(reading, head.noun)
  if (field === undefined) throw unknownWord(reading, head)
  if (!NUMERIC.has(field.kind)) throw cursor.fault(`${field.name} is no number; arithmetic needs numbers`)
  return { is: 'column', field, isScaled: isAsked(head, 'scaled') }
}

const NUMERIC = new Set(['u8', 'u16', 'u32', 'u64', 'i64', 'f64'])

function startingWithNumber(reading: Reading): Condition {
  const { cursor } = reading
  const token = cursor.peek()
  const left = takeQuantity(reading, takeOperand)
  const comparator = takeComparator(reading)
  if (comparator === null)
    throw cursor.fault(`${shownAs(token)} stands alone; write what it is, as in port 80`, token)
  return { is: 'compare', left, comparator, right: takeQuantity(reading, takeOperand) }
}

function takeComparedTo(reading: Reading, rate: Quantity, what: string): Condition {
  const { cursor } = reading
  let left = rate
  if (['+', '-', '*', '/'].some((sign) => cursor.isSign(sign)))
    left = takeQuantity(reading, takeOperand, left)
  // nfdump: a number alone means ==.
  const comparator = takeComparator(reading) ?? '=='
  if (cursor.peek().kind === 'end')
    throw cursor.fault(`${what} is compared with a number, as in ${what} > 1000`)
  return { is: 'compare', left, comparator, right: takeQuantity(reading, takeOperand) }
}

function isAsked(head: Head, word: string): boolean {
  return head.qualifiers.includes(word)
}

function isScaled({ names }: Reading, head: Head): boolean {
  if (isAsked(head, 'raw')) return false
  return isAsked(head, 'scaled') || names.counters !== 'raw'
}

/** Reads the words after the noun, in lower case: first those that its spelling stands for. */
function words({ cursor }: Reading, head: Head): () => string {
  const extra = [...head.extra]
  return () => {
    const known = extra.shift()
    if (known !== undefined) return known
    const word = cursor.word()
    if (word !== '') cursor.next()
    return word
  }
}

/** What the word chooses; an error with the choices otherwise. */
function choose<T>({ cursor }: Reading, word: string, choices: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(choices, word)) return choices[word]!
  if (word !== '') cursor.place--
  throw cursor.fault(`${Object.keys(choices).join(' or ')} should stand here, not ${shownAs(cursor.peek())}`)
}

/** `in`, `out`, `local`, `remote`, with `src` or `dst` before the last two. */
function direction(reading: Reading, head: Head): Condition {
  const { cursor } = reading
  const side = isAsked(head, 'src') ? 'source' : isAsked(head, 'dst') ? 'destination' : null
  const rest = head.qualifiers.filter((word) => word !== 'src' && word !== 'dst')
  const [word, ...more] = rest
  if (word !== undefined && more.length === 0) {
    if (side !== null && (word === 'local' || word === 'remote')) return endIs(reading, side, word)
    if (side === null && ['in', 'out', 'local', 'remote'].includes(word)) return directionIs(reading, word)
  }
  const token = cursor.peek()
  if (head.qualifiers.length === 0)
    throw cursor.fault(`a primitive should stand here, as port 80, not ${shownAs(token)}`)
  const said = head.qualifiers.join(' ')
  throw cursor.fault(
    `after ${JSON.stringify(said)} should stand what it is about, as in ${said.split(' ')[0]} ip, not ${shownAs(token)}`,
  )
}

/** The noun's columns under the words before it. */
function columnsOf(reading: Reading, head: Head, noun: Noun): Columns {
  const { cursor } = reading
  const end = isAsked(head, 'local') ? 'local' : isAsked(head, 'remote') ? 'remote' : null
  const key = head.qualifiers.filter((word) => !['local', 'remote', 'raw', 'scaled'].includes(word)).join(' ')
  const fields = Object.hasOwn(noun.places, key) ? noun.places[key] : undefined
  if (fields === undefined) {
    const known = Object.keys(noun.places).filter((place) => place !== '')
    const hint = known.length === 0 ? 'takes no word before it' : `may follow ${known.join(', ')}`
    cursor.place = head.at
    throw cursor.fault(`"${key} ${head.noun}" means nothing; ${head.noun} ${hint}`)
  }
  const only: Condition = key.includes('tun')
    ? { is: 'address', field: F.innerSourceAddress, match: { is: 'any' } }
    : ALWAYS
  return { fields, isBoth: head.isBoth, end, only }
}

function ofNoun(reading: Reading, head: Head, noun: Noun): Condition {
  const { cursor } = reading
  const columns = columnsOf(reading, head, noun)
  const kind = columns.fields[0]!.kind
  if (kind === 'address') return takeAddressTail(reading, columns, false)
  if (kind === 'mac') return takeMacTail(reading, columns)
  if (noun.isAs === true && cursor.word().startsWith('@')) return namedAs(reading, columns)
  if (head.noun === 'ttl' && cursor.takeWord('equal') !== null) {
    return {
      is: 'compare',
      left: { is: 'column', field: E.minimumTTL, isScaled: false },
      comparator: '==',
      right: { is: 'column', field: E.maximumTTL, isScaled: false },
    }
  }
  const what = WHAT[head.noun] ?? 'a number'
  const isMultiplied = noun.isCounter === true && isScaled(reading, head)
  const numbers = { what, names: noun.names ?? null, most: noun.most ?? null }
  return takeNumberTail(reading, columns, noun, numbers, isMultiplied, takeOperand)
}

const WHAT: Readonly<Record<string, string>> = {
  port: 'a port',
  proto: 'a protocol, as tcp or 6,',
  as: 'an AS number',
  fwdstat: 'a forwarding status',
  flowdir: 'ingress or egress',
  vlan: 'a VLAN',
}

/** `as @name`: what the table of AS names calls so. */
function namedAs(reading: Reading, columns: Columns): Condition {
  const { cursor, names } = reading
  const token = cursor.next()
  const name = token.text.slice(1)
  const facts =
    names.as === undefined ? [] : 'fill' in names.as ? [names.as] : [names.as.source, names.as.destination]
  const numbers = facts.map((fact) => fact.find(name)).filter((number) => number > 0)
  if (numbers.length === 0) {
    const why =
      facts.length === 0 ? 'no table of AS numbers is given' : `no AS or list of them is called ${name}`
    throw cursor.fault(why, token)
  }
  const number = BigInt(numbers[0]!)
  return overColumns(reading, columns, (field) => {
    const own = asIs(reading, field, rangeOf(number, number))
    if (own.is !== 'as') return own
    const match: AddressMatch = { is: 'fact', fact: own.fact, numbers }
    return any([own, { is: 'address', field: own.address, match }])
  })
}

function number(
  reading: Reading,
  field: Field,
  what: string,
  most: bigint | null,
  names: ValueNames | null = null,
): Condition {
  const columns: Columns = { fields: [field], isBoth: false, end: null, only: ALWAYS }
  return takeNumberTail(
    reading,
    columns,
    { places: { '': [field] } },
    { what, names, most },
    false,
    takeOperand,
  )
}

function ofField(reading: Reading, field: Field, isMultiplied: boolean): Condition {
  const columns: Columns = { fields: [field], isBoth: false, end: null, only: ALWAYS }
  const { kind } = field
  if (kind === 'address' || kind === 'address-list') return takeAddressTail(reading, columns, false)
  if (kind === 'mac') return takeMacTail(reading, columns)
  if (kind === 'text') return takeTextTail(reading, field)
  if (kind === 'u32-list') return list(reading, field, 'any', 0, 0, null)
  if (kind === 'f64') return takeComparison(reading, quantityOf(reading, columns, false), takeOperand)
  if (kind === 'octets' || kind === 'octets-list')
    throw reading.cursor.fault(`${field.name} holds octets; they cannot be compared`)
  if (field.semantics === 'timestamp') return takeTimeTail(reading, field)
  const numbers = { what: 'a number', names: null, most: null }
  return takeNumberTail(reading, columns, { places: { '': [field] } }, numbers, isMultiplied, takeOperand)
}

function family(version: 4 | 6): Condition {
  const builder = new AddressSetBuilder()
  builder.addFamily(version)
  const match: AddressMatch = { is: 'set', set: builder.build(), isInverted: false }
  return all([
    { is: 'address', field: F.sourceAddress, match },
    { is: 'address', field: F.destinationAddress, match },
  ])
}

/** `flags S`: all of the letters; `flags = S`: those and no other; `flags 2`: the octet. All mean TCP only. */
function flags(reading: Reading): Condition {
  const { cursor } = reading
  const comparator = takeComparator(reading)
  const token = cursor.peek()
  if (token.kind === 'word' && numberOf(token.text) === null) {
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
function icmp(reading: Reading, word: string): Condition {
  const view = choose(reading, word, { type: { shift: 8, mask: 255 }, code: { shift: 0, mask: 255 } })
  const kind = { what: `an ICMP ${word}`, names: null, most: 255n }
  const isList = reading.cursor.takeWord('in') !== null
  if (isList) reading.cursor.place--
  const columns: Columns = { fields: [F.icmpTypeCode], isBoth: false, end: null, only: ICMP }
  return takeNumberTail(reading, columns, { places: {}, ...view }, kind, false, takeOperand)
}

/** Label stack entries are held with label, traffic class and bottom bit: 24 bits (RFC 3032 §2.1). */
function mpls(reading: Reading, word: string): Condition {
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

function list(
  reading: Reading,
  field: Field,
  at: number | 'any' | 'bottom',
  shift: number,
  mask: number,
  most: bigint | null,
): Condition {
  const set = takeSet(reading, { what: 'a number', names: null, most })
  return { is: 'list', field, at, shift, mask, set, addresses: null }
}

function takeSet(reading: Reading, kind: { what: string; names: null; most: bigint | null }): NumberSet {
  return takeNumberSet(reading, kind, takeComparator(reading) ?? '==')
}

function asa(reading: Reading, word: string): Condition {
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
function accessList(reading: Reading, head: Head): Condition {
  const [side, ...more] = head.qualifiers
  const field = side === 'ingress' || side === 'in' ? E.ingressAclID : E.egressAclID
  if (more.length > 0 || !['ingress', 'egress', 'in', 'out'].includes(side ?? '')) {
    reading.cursor.place = head.at
    throw reading.cursor.fault(`write ingress ${head.noun} or egress ${head.noun}`)
  }
  return list(reading, field, ['acl', 'ace', 'xace'].indexOf(head.noun), 0, 0, 0xffffffffn)
}

/** `between 08:00 and 18:00 mon-fri sunday`: when the flow began. */
function between(reading: Reading): Condition {
  const { cursor, names } = reading
  const from = minute(reading)
  if (cursor.takeWord('and') === null)
    throw cursor.fault(`"and" should stand here, as in between 08:00 and 18:00`)
  const to = minute(reading)
  let days = 0
  for (;;) {
    if (cursor.takeSign(',') !== null) continue
    const [first, last] = cursor.word().split('-').map(daysOf)
    if (!first || last === 0) break
    cursor.next()
    days |= first
    for (let day = first; last !== undefined && day !== last; day = day === 64 ? 1 : day << 1) days |= day
    days |= last ?? 0
  }
  const timeZone = names.timeZone ?? 'UTC'
  if (!isTimeZone(timeZone)) throw cursor.fault(`there is no time zone ${timeZone}`)
  return { is: 'clock', window: { from, to, days: days === 0 ? 127 : days, timeZone } }
}

function minute({ cursor }: Reading): number {
  const token = cursor.peek()
  const minutes = minuteOf(token.text)
  if (minutes < 0) throw cursor.fault(`a time of day should stand here, as 08:00, not ${shownAs(token)}`)
  cursor.next()
  return minutes
}

/** `pair(a, b)`: from one to the other, whichever way. */
function pair(reading: Reading): Condition {
  const { cursor } = reading
  const expect = (sign: string) => {
    if (cursor.takeSign(sign) === null)
      throw cursor.fault(
        `${sign} should stand here, as in pair(10.0.0.1, 10.2.0.0/16), not ${shownAs(cursor.peek())}`,
      )
  }
  expect('(')
  const ends = [',', ')'].map((sign): AddressMatch => {
    const builder = new AddressSetBuilder()
    takeAddresses(reading, builder, false)
    expect(sign)
    return { is: 'set', set: builder.build(), isInverted: false }
  })
  const way = (source: AddressMatch, destination: AddressMatch) =>
    all([
      { is: 'address', field: F.sourceAddress, match: source },
      { is: 'address', field: F.destinationAddress, match: destination },
    ])
  return any([way(ends[0]!, ends[1]!), way(ends[1]!, ends[0]!)])
}

function takeEquality(reading: Reading): Comparator {
  const comparator = takeComparator(reading) ?? '=='
  if (comparator !== '==' && comparator !== '!=') throw reading.cursor.fault('only == and != make sense here')
  return comparator
}

function oneOf(reading: Reading, choices: Readonly<Record<string, () => Condition>>): Condition {
  const comparator = takeEquality(reading)
  const { cursor } = reading
  const token = cursor.peek()
  const choice = Object.hasOwn(choices, token.text.toLowerCase())
    ? choices[token.text.toLowerCase()]
    : undefined
  if (choice === undefined)
    throw expected(reading, { what: Object.keys(choices).join(' or '), names: null, most: null })
  cursor.next()
  const condition = choice()
  return comparator === '==' ? condition : { is: 'not', part: condition }
}

function networkDirection(reading: Reading): Condition {
  return oneOf(reading, {
    inbound: () => directionIs(reading, 'in'),
    outbound: () => directionIs(reading, 'out'),
    internal: () => directionIs(reading, 'internal'),
    external: () => directionIs(reading, 'transit'),
  })
}

function networkType(reading: Reading): Condition {
  return oneOf(reading, { ipv4: () => family(4), ipv6: () => family(6) })
}

function locality(reading: Reading, side: 'source' | 'destination'): Condition {
  return oneOf(reading, {
    internal: () => endIs(reading, side, 'local'),
    external: () => endIs(reading, side, 'remote'),
  })
}

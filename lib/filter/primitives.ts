import { F, type Field } from '../flow/fields.ts'
import { ALWAYS, type Condition, type Quantity } from './condition.ts'
import { numberOf, shownAs } from './cursor.ts'
import { accessList, asa, flags, icmp, mpls } from './device-primitives.ts'
import { between, family, locality, networkDirection, networkType, pair } from './flow-primitives.ts'
import { fieldNamed, takeHead, unknownWord } from './heads.ts'
import { E, NOUNS, type Noun, SAID } from './nouns.ts'
import { rangeOf, unionOf } from './number-set.ts'
import { choose, columnsOf, isAsked, isScaled, list, number, takeOperand } from './operands.ts'
import { rateOf, takeQuantity } from './quantities.ts'
import { type Columns, directionIs, endIs, type Head, overColumns, type Reading } from './reading.ts'
import { saidName } from './said-primitives.ts'
import {
  asIs,
  numberIs,
  numbersOf,
  quantityOf,
  takeAddressTail,
  takeComparison,
  takeFactTail,
  takeMacTail,
  takeNumberTail,
  takeTextTail,
  takeTimeTail,
} from './tails.ts'
import { NAT_EVENTS } from './value-names.ts'
import { takeComparator } from './values.ts'

/** Takes one primitive: what a filter is made of. */
export function takePrimitive(reading: Reading): Condition {
  const { cursor } = reading
  if (cursor.peek().kind === 'word' && numberOf(cursor.word()) !== null) return startingWithNumber(reading)
  const head = takeHead(reading)
  const { qualifiers, noun } = head
  if (noun === '') return direction(reading, head)
  const known = Object.hasOwn(NOUNS, noun) ? NOUNS[noun]! : null
  if (known !== null) return ofNoun(reading, head, known)
  const fact = reading.names.facts?.get(noun.toLowerCase())
  if (fact !== undefined) return takeFactTail(reading, columnsOf(reading, head, NOUNS['ip']!), fact)
  if (noun === 'net') return takeAddressTail(reading, columnsOf(reading, head, NOUNS['ip']!), true)
  const rate = rateOf(noun, isScaled(reading, head))
  if (rate !== null) return takeComparedTo(reading, rate, noun)
  if (Object.hasOwn(SAID, noun) && qualifiers.length === 0) return saidName(reading, noun)
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

/** `as @name`: the AS numbers that the table calls so. */
function namedAs(reading: Reading, columns: Columns): Condition {
  const { cursor, names } = reading
  const token = cursor.next()
  const name = token.text.slice(1)
  const facts =
    names.as === undefined ? [] : 'fill' in names.as ? [names.as] : [names.as.source, names.as.destination]
  const numbers = [...new Set(facts.flatMap((fact) => numbersOf(fact, name)))]
  if (numbers.length === 0) {
    const why =
      facts.length === 0 ? 'no table of AS numbers is given' : `no AS or list of them is called ${name}`
    throw cursor.fault(why, token)
  }
  const set = unionOf(numbers.map((number) => rangeOf(BigInt(number), BigInt(number))))
  return overColumns(reading, columns, (field) => asIs(reading, field, set))
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

import { F } from '../flow/fields.ts'
import { AddressSetBuilder } from './address-set.ts'
import { daysOf, minuteOf } from './clock-window.ts'
import { type AddressMatch, all, any, type Condition } from './condition.ts'
import { shownAs } from './cursor.ts'
import type { Comparator } from './number-set.ts'
import { directionIs, endIs, type Reading } from './reading.ts'
import { expected, takeAddresses, takeComparator } from './values.ts'

/** Both addresses are of the family. */
export function family(version: 4 | 6): Condition {
  const builder = new AddressSetBuilder()
  builder.addFamily(version)
  const match: AddressMatch = { is: 'set', set: builder.build(), isInverted: false }
  return all([
    { is: 'address', field: F.sourceAddress, match },
    { is: 'address', field: F.destinationAddress, match },
  ])
}

/** `between 08:00 and 18:00 mon-fri sunday`: when the flow began. */
export function between(reading: Reading): Condition {
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
export function pair(reading: Reading): Condition {
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

/** ECS network.direction, as seen from the local networks. */
export function networkDirection(reading: Reading): Condition {
  return oneOf(reading, {
    inbound: () => directionIs(reading, 'in'),
    outbound: () => directionIs(reading, 'out'),
    internal: () => directionIs(reading, 'internal'),
    external: () => directionIs(reading, 'transit'),
  })
}

/** ECS network.type. */
export function networkType(reading: Reading): Condition {
  return oneOf(reading, { ipv4: () => family(4), ipv6: () => family(6) })
}

/** ECS source.locality and destination.locality. */
export function locality(reading: Reading, side: 'source' | 'destination'): Condition {
  return oneOf(reading, {
    internal: () => endIs(reading, side, 'local'),
    external: () => endIs(reading, side, 'remote'),
  })
}

import type { FixedColumn } from '../flow/batch.ts'
import { columnFacts } from '../flow/column-facts.ts'
import { F } from '../flow/fields.ts'
import type { FlowBlock } from '../flow/source.ts'
import { AddressBits, ipv4RangeOf, numberPredicate, predicateOf } from './address-bits.ts'
import { andRows, type BlockRun } from './block-run.ts'
import type { AddressTest, AsTest, CompareTest, NumberTest, Test } from './condition.ts'
import type { Budgets, Node, Outlook } from './node.ts'
import { matchesZero, numberKernel } from './number-kernels.ts'
import { comparedWith, GREATEST, hasNumber, LEAST, meetsRange } from './number-set.ts'
import { compareRows } from './quantity-rows.ts'
import { keepMarked, listKernel, onlyRange } from './row-lists.ts'
import { clockLeaf, listLeaf, textLeaf } from './slow-leaves.ts'

/** The node of a test. */
export function leafOf(test: Test, budgets: Budgets): Node {
  switch (test.is) {
    case 'number':
      return numberLeaf(test, budgets)
    case 'address':
      return addressLeaf(test, budgets)
    case 'as':
      return asLeaf(test, budgets)
    case 'compare':
      return compareLeaf(test, budgets)
    case 'text':
      return textLeaf(test)
    case 'list':
      return listLeaf(test)
    default:
      return clockLeaf(test)
  }
}

function numberLeaf(test: NumberTest, budgets: Budgets): Node {
  const { field, missing, shift, mask } = test
  const kernel = numberKernel(test, budgets.tables)
  const range = onlyRange(test)
  const keep = listKernel(test)
  const zeroMatches = matchesZero(test)
  const missingMatches = missing !== null && hasNumber(test.set, missing)
  return {
    cost: 1,
    prepare(block) {
      const facts = columnFacts(block, field)
      if (facts === undefined) return missingMatches ? 'all' : 'none'
      // Zone maps of signed numbers and MACs are in another order.
      if (missingMatches || mask !== 0 || field.kind === 'i64' || field.kind === 'mac') return 'some'
      const amount = BigInt(shift)
      return meetsRange(test.set, facts.least >> amount, facts.greatest >> amount) ? 'some' : 'none'
    },
    run(run, out) {
      const column = run.fixed(field)
      if (column === null) {
        out.fill(missingMatches ? 1 : 0, 0, run.rows)
        return
      }
      kernel(column, run.rows, out)
      const { present } = column
      if (zeroMatches) andRows(out, present, run.rows)
      if (missingMatches) for (let row = 0; row < run.rows; row++) if (present[row] === 0) out[row] = 1
    },
    list: (run, rows) => (range === null ? -1 : run.find(field, range.low, range.high, rows)),
    keep(run, rows, count) {
      const values = run.gather(field, rows, count)
      return values === null ? -1 : keep(values, rows, count)
    },
  }
}

function addressLeaf(test: AddressTest, budgets: Budgets): Node {
  const { field } = test
  const { match } = test
  const bits =
    budgets.bits.get(match) ?? new AddressBits(predicateOf(match), budgets.kept, ipv4RangeOf(match))
  budgets.bits.set(match, bits)
  return {
    cost: 2,
    prepare(block) {
      const facts = columnFacts(block, field)
      if (facts === undefined) return 'none'
      return bits.meets(block.addresses, facts.least, facts.greatest) ? 'some' : 'none'
    },
    codes: (addresses) => bits.of(addresses)?.subarray(0, addresses.codes) ?? null,
    run(run, out) {
      selectAddresses(run, test, bits, out)
    },
    list(run, rows) {
      const { addresses } = run.block
      const code = bits.onlyCode(addresses)
      const { codes } = addresses
      const count = code < 0 ? -1 : run.find(field, code, code, rows)
      // Reading may add addresses to some dictionaries: these may match too.
      return addresses.codes === codes ? count : -1
    },
    keep(run, rows, count) {
      const codes = run.gather(field, rows, count)
      const marks = codes === null ? null : bits.of(run.block.addresses)
      return codes === null || marks === null ? -1 : keepMarked(marks, codes, rows, count)
    },
  }
}

function selectAddresses(
  run: BlockRun,
  { field }: Pick<AddressTest, 'field'>,
  bits: AddressBits,
  out: Uint8Array,
): void {
  const read = run.codes(field)
  if (read !== null) {
    bits.select(run.block.addresses, read.codes, run.rows, out)
    // Rows without the address have code 0.
    if (bits.of(run.block.addresses)?.[0] !== 0) andRows(out, read.present, run.rows)
    return
  }
  const column = run.fixed(field)
  if (column === null) {
    out.fill(0, 0, run.rows)
    return
  }
  bits.selectWords(column.words, run.rows, out)
  andRows(out, column.present, run.rows)
}

function asLeaf(test: AsTest, budgets: Budgets): Node {
  const own = numberLeaf(
    { is: 'number', field: test.field, shift: 0, mask: 0, set: test.set, missing: null },
    budgets,
  )
  const { fact } = test
  const bits = new AddressBits(
    numberPredicate((words, from, to, out) => fact.fill(words, from, to, out), test.set),
    budgets.kept,
  )
  let outlook: Outlook = 'some'
  return {
    cost: 4,
    prepare(block) {
      outlook = own.prepare(block)
      return 'some'
    },
    run(run, out) {
      if (outlook === 'none') out.fill(0, 0, run.rows)
      else own.run(run, out, null)
      const numbers = run.fixed(test.field)?.values ?? null
      const byAddress = run.take()
      selectAddresses(run, { field: test.address }, bits, byAddress)
      if (numbers === null) out.set(byAddress.subarray(0, run.rows))
      else for (let row = 0; row < run.rows; row++) if (numbers[row] === 0) out[row]! |= byAddress[row]!
      run.give(byAddress)
    },
  }
}

/**
 * Sets rows whose counter times the sampling rate lies within the bounds: whole numbers below 2^53 or infinite. Doubles
 * decide exactly: a product that is rounded is above 2^53, and its double is not below.
 */
function scaledRange(
  counts: FixedColumn,
  rates: FixedColumn,
  low: number,
  high: number,
  rows: number,
  out: Uint8Array,
): void {
  const { words } = counts
  const rate = rates.values as Uint32Array
  for (let row = 0; row < rows; row++) {
    const count = words[row * 2 + 1]! * 0x100000000 + words[row * 2]!
    const factor = rate[row]!
    const value = factor > 1 ? count * factor : count
    out[row] = value >= low && value <= high ? 1 : 0
  }
  if (low <= 0) andRows(out, counts.present, rows)
}

/** The bounds for `scaledRange` that a comparison stands for; null where it stands for none. */
function scaledBounds({ left, comparator, right }: CompareTest): { low: number; high: number } | null {
  if (left.is !== 'column' || left.field.kind !== 'u64' || right.is !== 'constant') return null
  const { lows, highs } = comparedWith(comparator, right)
  if (lows.length !== 1) return null
  const low = lows[0] === LEAST ? -Infinity : Number(lows[0]!)
  // A product can be beyond the greatest number that a set holds.
  const high = highs[0] === GREATEST && comparator.startsWith('>') ? Infinity : Number(highs[0]!)
  const isExact = (bound: number) => !Number.isFinite(bound) || Math.abs(bound) < 2 ** 53
  return isExact(low) && isExact(high) ? { low, high } : null
}

/** A comparison; one counter against a constant is a plain test of numbers where the block has no sampling. */
function compareLeaf(test: CompareTest, budgets: Budgets): Node {
  const { left, comparator, right } = test
  const isPlain = left.is === 'column' && right.is === 'constant' && left.field.kind !== 'f64'
  const plain = isPlain
    ? numberLeaf(
        {
          is: 'number',
          field: left.field,
          shift: 0,
          mask: 0,
          set: comparedWith(comparator, right),
          missing: null,
        },
        budgets,
      )
    : null
  const bounds = scaledBounds(test)
  let isUnscaled = false
  return {
    cost: bounds === null ? 20 : 3,
    prepare(block) {
      if (plain === null || left.is !== 'column' || right.is !== 'constant') return 'some'
      const rate = left.isScaled ? greatestRate(block) : 1n
      isUnscaled = rate <= 1n
      if (isUnscaled) return plain.prepare(block)
      const facts = columnFacts(block, left.field)
      if (facts === undefined) return 'none'
      if (left.field.kind === 'i64') return 'some'
      const { n, d } = right
      const isBelow = facts.greatest * rate * d < n
      const isAbove = facts.least * d > n
      const isOut =
        ((comparator === '>' || comparator === '>=' || comparator === '==') && isBelow) ||
        ((comparator === '<' || comparator === '<=' || comparator === '==') && isAbove)
      return isOut ? 'none' : 'some'
    },
    run(run, out, within) {
      if (isUnscaled && plain !== null) {
        plain.run(run, out, within)
        return
      }
      const counts = bounds !== null && left.is === 'column' ? run.fixed(left.field) : null
      const rates = counts === null ? null : run.fixed(F.samplingRate)
      if (bounds !== null && counts !== null && rates !== null)
        scaledRange(counts, rates, bounds.low, bounds.high, run.rows, out)
      else compareRows(left, comparator, right, (field) => run.fixed(field), run.rows, out, within)
    },
    list: (run, rows) => (isUnscaled ? (plain?.list?.(run, rows) ?? -1) : -1),
    keep: (run, rows, count) => (isUnscaled ? (plain?.keep?.(run, rows, count) ?? -1) : -1),
  }
}

function greatestRate(block: FlowBlock): bigint {
  return columnFacts(block, F.samplingRate)?.greatest ?? 1n
}

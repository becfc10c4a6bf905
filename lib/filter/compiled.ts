import { F, type Field } from '../flow/fields.ts'
import { andRows, BlockRun, countRows, invertRows, orRows } from './block-run.ts'
import { type Condition, fieldsOf } from './condition.ts'
import type { CompiledFilter } from './filter.ts'
import { leafOf } from './leaves.ts'
import { type Node, newBudgets, type Outlook } from './node.ts'
import { everyRow, keepRows, listRows, mergeRows } from './row-lists.ts'
import { simplified } from './simplified.ts'

/** Makes a filter that can be run; not for two threads at once. */
export function compiledOf(written: Condition): CompiledFilter {
  const condition = simplified(written)
  const fields = new Set<Field>()
  fieldsOf(condition, fields, { start: F.flowStart, end: F.flowEnd, rate: F.samplingRate })
  const root = nodeOf(condition)
  const masks: Uint8Array[] = []
  return {
    fields: [...fields],
    mayMatch: (block) => root.prepare(block) !== 'none',
    codes: (addresses) => root.codes?.(addresses) ?? null,
    select(block, selection, problems) {
      const { rows } = block.info
      const outlook = root.prepare(block)
      if (outlook !== 'some') {
        selection.fill(outlook === 'all' ? 1 : 0, 0, rows)
        return outlook === 'all' ? rows : 0
      }
      const run = new BlockRun(block, problems, masks)
      const out = run.take()
      root.run(run, out, null)
      selection.set(out.subarray(0, rows))
      const count = countRows(out, rows)
      run.give(out)
      // A filter remembers few masks: they are as long as blocks.
      masks.length = Math.min(masks.length, 8)
      return count
    },
    list(block, rows, problems) {
      const outlook = root.prepare(block)
      if (outlook !== 'some') return outlook === 'all' ? everyRow(rows, block.info.rows) : 0
      const count = listRows(root, new BlockRun(block, problems, masks), rows)
      masks.length = Math.min(masks.length, 8)
      return count
    },
  }
}

function nodeOf(condition: Condition): Node {
  const budgets = newBudgets()
  const make = (part: Condition): Node => {
    switch (part.is) {
      case 'constant':
        return constantNode(part.value)
      case 'written':
      case 'flags':
        return make(simplified(part))
      case 'not':
        return notNode(make(part.part))
      case 'and':
        // Cheap tests first: what they leave out, the others need not look at.
        return andNode(part.parts.map(make).sort((a, b) => a.cost - b.cost))
      case 'or':
        return orNode(part.parts.map(make))
      default:
        return leafOf(part, budgets)
    }
  }
  return make(condition)
}

function constantNode(value: boolean): Node {
  return {
    cost: 0,
    prepare: () => (value ? 'all' : 'none'),
    run: (run, out) => {
      out.fill(value ? 1 : 0, 0, run.rows)
    },
  }
}

function notNode(part: Node): Node {
  return {
    cost: part.cost,
    prepare: (block) => {
      const outlook = part.prepare(block)
      return outlook === 'none' ? 'all' : outlook === 'all' ? 'none' : 'some'
    },
    run: (run, out, within) => {
      part.run(run, out, within)
      invertRows(out, run.rows)
    },
  }
}

function andNode(parts: readonly Node[]): Node {
  const outlooks: Outlook[] = []
  return {
    cost: parts.reduce((sum, part) => sum + part.cost, 0),
    codes(addresses) {
      // All parts must match: the one with fewest codes says most.
      let best: Uint8Array | null = null
      let fewest = Number.POSITIVE_INFINITY
      for (const part of parts) {
        const own = part.codes?.(addresses) ?? null
        const count = own === null ? 0 : countRows(own, own.length)
        if (own === null || count >= fewest) continue
        best = own
        fewest = count
      }
      return best
    },
    prepare: (block) => {
      let joined: Outlook = 'all'
      for (let i = 0; i < parts.length; i++) {
        const outlook = parts[i]!.prepare(block)
        if (outlook === 'none') return 'none'
        outlooks[i] = outlook
        if (outlook === 'some') joined = 'some'
      }
      return joined
    },
    run: (run, out, within) => {
      let isFirst = true
      const other = run.take()
      for (let i = 0; i < parts.length; i++) {
        if (outlooks[i] === 'all') continue
        if (isFirst) parts[i]!.run(run, out, within)
        else {
          if (!hasRow(out, run.rows)) break
          parts[i]!.run(run, other, out)
          andRows(out, other, run.rows)
        }
        isFirst = false
      }
      if (isFirst) out.fill(1, 0, run.rows)
      run.give(other)
    },
    list: (run, rows) => {
      let count = -1
      for (let i = 0; i < parts.length && count !== 0; i++) {
        if (outlooks[i] === 'all') continue
        count = count < 0 ? listRows(parts[i]!, run, rows) : keepRows(parts[i]!, run, rows, count)
      }
      return count < 0 ? everyRow(rows, run.rows) : count
    },
    keep: (run, rows, count) => {
      let kept = count
      for (let i = 0; i < parts.length && kept !== 0; i++)
        if (outlooks[i] !== 'all') kept = keepRows(parts[i]!, run, rows, kept)
      return kept
    },
  }
}

function hasRow(mask: Uint8Array, rows: number): boolean {
  const first = mask.indexOf(1)
  return first >= 0 && first < rows
}

function orNode(parts: readonly Node[]): Node {
  let list = new Uint32Array(0)
  const outlooks: Outlook[] = []
  return {
    cost: parts.reduce((sum, part) => sum + part.cost, 0),
    codes(addresses) {
      const kinds = new Map<ArrayBufferLike, Uint8Array>()
      for (const part of parts) {
        const own = part.codes?.(addresses) ?? null
        if (own === null) return null
        // Both ends of a host ask for the same.
        kinds.set(own.buffer, own)
      }
      const [first, ...more] = kinds.values()
      if (first === undefined || more.length === 0) return first ?? null
      const all = first.slice()
      for (const own of more) orRows(all, own, all.length)
      return all
    },
    prepare: (block) => {
      let joined: Outlook = 'none'
      for (let i = 0; i < parts.length; i++) {
        const outlook = parts[i]!.prepare(block)
        if (outlook === 'all') return 'all'
        outlooks[i] = outlook
        if (outlook === 'some') joined = 'some'
      }
      return joined
    },
    run: (run, out, within) => {
      let isFirst = true
      const other = run.take()
      for (let i = 0; i < parts.length; i++) {
        if (outlooks[i] === 'none') continue
        parts[i]!.run(run, isFirst ? out : other, within)
        if (!isFirst) orRows(out, other, run.rows)
        isFirst = false
      }
      if (isFirst) out.fill(0, 0, run.rows)
      run.give(other)
    },
    list: (run, rows) => {
      if (list.length < run.rows) list = new Uint32Array(rows.length)
      let count = 0
      for (let i = 0; i < parts.length; i++) {
        if (outlooks[i] === 'none') continue
        const more = parts[i]!.list?.(run, list) ?? -1
        // Long lists take longer to join than masks.
        if (more < 0 || more * 4 > run.rows) return -1
        count = mergeRows(rows, count, list, more)
      }
      return count
    },
  }
}

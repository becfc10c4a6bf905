import type { Names } from '../report.ts'
import { NOTHING_LOCAL, nameColumns, sectionOf, serviceText } from '../section.ts'
import { questionOf } from './asked.ts'
import type { Preset } from './preset.ts'

const DEFAULT_TOP = [10, 5, 3]

export const COMBO: Preset = {
  name: 'combo',
  summary: 'First of each local network, of each AS in it, of each address in that: nested, exact.',
  description:
    'Groups of a key are ranked within each group of the keys before it. On a terminal they are drawn as a tree, whose ' +
    'branches show their own sums; other formats and --flat have a row for each leaf.',
  operand: null,
  flags: [{ name: 'flat', help: 'Rows instead of a tree.' }],
  examples: [
    { says: 'Local networks, what they access, and who', line: 'weir analyze combo --in flows' },
    {
      says: 'Five services of each exporter',
      line: 'weir analyze combo --in flows --by exporter,service --top 10,5',
    },
    { says: 'The same number at each step', line: 'weir analyze combo --in flows --top 3 --format csv' },
  ],
  plan(asked) {
    const by = asked.by ?? ['local.net', 'remote.as', 'local.ip']
    const top = asked.top ?? by.map((_, i) => DEFAULT_TOP[Math.min(i, DEFAULT_TOP.length - 1)]!)
    // What only passes has no local end.
    const filter = by[0]?.startsWith('local.') === true ? 'in or out or internal' : null
    const question = questionOf(
      { ...asked, by, per: [], top: top.length === 1 ? by.map(() => top[0]!) : top },
      { name: 'combo', by, sum: ['bytes', 'packets', 'flows'], top: [], filter },
    )
    return {
      kind: 'questions',
      questions: [question],
      lay([table], names) {
        const added = nameColumns(table!, names)
        const isTree = asked.flag('flat') !== 'true' && asked.isForPeople && table!.outer.length > 0
        const section = sectionOf(table!, {}, isTree ? [] : added)
        return {
          title: by.join(', then '),
          sections: [{ ...section, look: isTree ? 'tree' : 'table', keyNames: nameReader(names) }],
          notes: filter !== null && table!.rows.length === 0 ? [NOTHING_LOCAL] : [],
        }
      },
    }
  },
}

function nameReader(names: Names): (column: string, text: string) => string | null {
  return (column, text) => {
    if (column.endsWith('.as') && /^\d+$/.test(text)) return names.system(Number(text))
    return column === 'service' ? serviceText(text, names) : null
  }
}

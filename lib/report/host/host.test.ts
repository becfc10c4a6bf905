import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress, parseAddress } from '../../bytes/address.ts'
import { F } from '../../flow/fields.ts'
import type { FlowBlock } from '../../flow/source.ts'
import { scanWorld } from '../../testing/scan-world.ts'
import { HOST } from '../presets/host.ts'
import type { Asked, ReadingPlan } from '../presets/preset.ts'
import type { Selector } from '../query.ts'
import type { Setting } from '../question.ts'
import type { Section } from '../report.ts'
import { blockStream } from '../testing/block-stream.ts'

const RUN = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }

/** `src host A`, `dst host A` and `host A`, which is all that the report asks. */
function selector(filter: string | null): Selector | null {
  const [, side, text] = /^(?:(src|dst) )?host (\S+)$/.exec(filter ?? '') ?? []
  const words = new Uint32Array(4)
  assert.ok(parseAddress(text ?? '', words), filter ?? '')
  const fields =
    side === 'src'
      ? [F.sourceAddress]
      : side === 'dst'
        ? [F.destinationAddress]
        : [F.sourceAddress, F.destinationAddress]
  return {
    fields,
    mayMatch: () => true,
    select(block: FlowBlock, selection, problems) {
      selection.fill(0, 0, block.info.rows)
      for (const field of fields) {
        const column = block.read(field, problems)!.column
        if (column.shape !== 'fixed') continue
        for (let row = 0; row < block.info.rows; row++)
          if (column.words.subarray(row * 4, row * 4 + 4).every((word, i) => word === words[i]))
            selection[row] = 1
      }
      return selection.subarray(0, block.info.rows).reduce((sum, one) => sum + one, 0)
    },
  }
}

const SETTING: Setting = {
  names: { facts: new Map(), as: { before: null, exporter: true, after: null } },
  fromNs: null,
  toNs: null,
  timeZone: 'UTC',
  allocation: 'proportional',
  activeTimeoutMs: null,
  counters: 'raw',
  deduplicate: 'none',
  local: null,
  selector,
}
const NAMES = {
  system: () => '',
  service: (_: number, port: number) => (port === 53 ? 'dns' : ''),
  protocol: (number: number) => (number === 17 ? 'UDP' : 'TCP'),
}

async function sectionsOf(address: string): Promise<Map<string, Section>> {
  const asked = { operand: address, binMs: null, top: null, filter: null } as unknown as Asked
  const plan = (await HOST.plan(asked)) as ReadingPlan
  const { sections } = await plan.read([blockStream(scanWorld(5, 300).write)], SETTING, RUN, NAMES)
  return new Map(sections.map((section) => [section.name, section]))
}

test('the page of a name server has its peers and the service it offers', async () => {
  const sections = await sectionsOf('10.0.0.8')
  const facts = sections.get('host')!
  const cell = (name: string) => facts.rows[0]![facts.columns.findIndex((column) => column.name === name)]
  assert.is(Number(cell('flows.received')), 300)
  assert.is(Number(cell('flows.sent')), 300)
  assert.is(Number(cell('bytes.sent')), 300 * 300)
  assert.is(cell('scans'), 0)
  assert.is(sections.get('offered')!.rows[0]![0], 'dns 53/udp')
  assert.is(sections.get('peers')!.rows.length, 5)
  assert.not.ok(sections.has('nat'))
})

test('the page of a scanner says so', async () => {
  const world = scanWorld(5, 300)
  const scanner = world.scans.find(({ name }) => name === 'IPv6 horizontal')!
  const sections = await sectionsOf(formatAddress(Uint32Array.from(scanner.source), 0))
  assert.equal(sections.get('scans')!.rows[0]!.slice(1, 3), ['horizontal', '22/tcp'])
})

test('what is no address is wrong', async () => {
  try {
    await HOST.plan({ operand: 'www.example.com' } as unknown as Asked)
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, 'www.example.com is no IP address')
  }
})

test.run()

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conformance } from '../testing/project.ts'
import { loadMapping } from './mapping.ts'
import { rewritten } from './reading/testing/rewritten.ts'

// What goflow2 printed, of whatever version and mapping, read without its mapping and printed as it was written: the
// same octets, and hardly a line that had to be kept whole.

const STOCK = loadMapping(
  `formatter:
  fields: [csum, flow_direction]
  protobuf:
    - {name: flow_direction, index: 42, type: varint}
    - {name: csum, index: 999, type: varint}
ipfix:
  mapping:
    - {field: 61, destination: flow_direction}
sflow:
  mapping:
    - {layer: udp, offset: 48, length: 16, destination: csum}
`,
  'mapping.yaml',
).mapping

const root = conformance('goflow2', 'golden')

if (root === undefined) {
  console.log('skipped: no conformance data')
} else {
  for (const version of ['v2.1.2', 'v2.2.6', 'HEAD']) {
    for (const kind of ['jsonl', 'stock-mapping.jsonl']) {
      test(`lines of ${version}.${kind} come out in the same octets`, () => {
        let lines = 0
        let whole = 0
        for (const group of readdirSync(root)) {
          const path = join(root, group, `${version}.${kind}`)
          if (!existsSync(path)) continue
          const octets = readFileSync(path)
          const result = rewritten(octets, 10_007)
          assert.is(result.text, octets.toString('latin1'), group)
          lines += result.rows
          whole += result.whole
        }
        assert.is(lines, kind === 'jsonl' ? 470 : 126)
        assert.is(whole, 0)
      })
    }
  }
  test('lines of a mapping come out in the same octets when they are read with it', () => {
    for (const group of readdirSync(root)) {
      const path = join(root, group, 'v2.2.6.stock-mapping.jsonl')
      if (!existsSync(path)) continue
      const octets = readFileSync(path)
      const result = rewritten(octets, 10_007, { mapping: STOCK })
      assert.is(result.text, octets.toString('latin1'), group)
      assert.is(result.whole, 0, group)
    }
  })
}

test.run()

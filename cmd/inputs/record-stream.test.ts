import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { F } from '../../lib/flow/fields.ts'
import type { FlowStream, Problem } from '../../lib/flow/source.ts'
import { projectRoot } from '../../lib/testing/project.ts'
import { flowsOf } from './flows-of.ts'
import { openInput } from './open-input.ts'

let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-inputs-'))
})
test.after(() => rmSync(folder, { recursive: true }))

test('a log is read as blocks whose address codes go on from one to the next', async () => {
  const path = join(folder, 'long.log')
  const rows = 200_000
  const lines = Array.from({ length: rows }, (_, i) => {
    const address = `10.${i % 7}.0.${i % 200}`
    return `{"type":"IPFIX","src_addr":"${address}","bytes":${i},"as_path":[${i % 3 === 0 ? `${i},7` : ''}]}`
  })
  writeFileSync(path, lines.join('\n'))
  const stream = (await flowsOf(await openInput(path, { log: SILENT }))) as FlowStream
  const problems: Problem[] = []
  const sizes: number[] = []
  let at = 0
  let octets = 0n
  const addresses = new Set<object>()
  for (let block = await stream.next(); block !== null; block = await stream.next()) {
    sizes.push(block.info.rows)
    octets += block.info.octets
    addresses.add(block.addresses)
    const bytes = block.read(F.octetDeltaCount, problems)!.column
    const source = block.read(F.sourceAddress, problems)!
    const codes = block.readCodes(F.sourceAddress, problems)!.codes
    const path = block.read(F.asPath, problems)!.column
    assert.ok(bytes.shape === 'fixed' && source.column.shape === 'fixed' && path.shape === 'list')
    assert.equal(source.codes, codes)
    const words = block.addresses.words()
    for (let row = 0; row < block.info.rows; row += 997) {
      const i = at + row
      assert.is(bytes.wide[row], BigInt(i))
      const address = ((10 << 24) | ((i % 7) << 16) | (i % 200)) >>> 0
      assert.is(source.column.words[row * 4 + 3], address)
      assert.is(words[codes[row]! * 4 + 3], address)
      const start = path.starts[row]!
      assert.equal([...path.data.subarray(start, start + path.lengths[row]!)], i % 3 === 0 ? [i, 7] : [])
    }
    at += block.info.rows
  }
  assert.is(at, rows)
  assert.ok(sizes.length > 1 && Math.max(...sizes) < 80_000, String(sizes))
  assert.is(octets, (BigInt(rows) * BigInt(rows - 1)) / 2n)
  assert.is(addresses.size, 1)
  assert.equal([...problems, ...stream.problems], [])
  stream.close()
})

test('a capture is read as blocks with its layouts', async () => {
  const input = await openInput(join(projectRoot, 'testdata/demo/office.pcap'), { log: SILENT })
  const stream = (await flowsOf(input)) as FlowStream
  const block = (await stream.next())!
  assert.is(block.info.rows, 874)
  assert.ok(block.info.leastReceived > 0n && block.info.leastReceived < block.info.greatestReceived)
  const { column } = block.read(F.layout, stream.problems)!
  assert.ok(column.shape === 'fixed')
  const numbers = new Set(column.values.subarray(0, 874))
  for (const number of numbers) assert.is(block.layout(number) === null, number === 0)
  assert.ok(numbers.size > 1)
  assert.is(await stream.next(), null)
})

test('an input that is closed while it waits ends', async () => {
  const path = join(folder, 'long.log')
  const stream = (await flowsOf(await openInput(path, { log: SILENT }))) as FlowStream
  assert.is.not(await stream.next(), null)
  stream.close()
  let blocks = 0
  while ((await stream.next()) !== null) blocks++
  assert.ok(blocks <= 1)
})

test.run()

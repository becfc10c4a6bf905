import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { openArchive } from './archive-reader.ts'
import { testWriter, withDirectory } from './testing/files.ts'

test('the address directory names every block that uses an address, the exporters and sums and times are those of the rows', () => {
  withDirectory((directory) => {
    const path = join(directory, 'a.weir')
    const writer = testWriter(path, 1000)
    const generator = new FlowGenerator(5)
    for (let i = 0; i < 4; i++) {
      const batch = new FlowBatch()
      generator.fill(batch)
      batch.rowCount = 1000
      writer.append(batch)
    }
    assert.ok(writer.close())
    const reader = openArchive(path)
    assert.is(reader.blocks.length, 4)
    const { first, last } = reader.addressDirectory(
      Uint32Array.from({ length: reader.addresses.codes }, (_, code) => code),
    )!
    const some = Uint32Array.of(1, 2, 77, reader.addresses.codes - 1)
    assert.equal(reader.addressDirectory(some), {
      first: some.map((code) => first[code]!),
      last: some.map((code) => last[code]!),
    })
    assert.is(reader.addressDirectory(Uint32Array.of(1, reader.addresses.codes)), null)
    const used = new Set<number>()
    const exporters = new Map<number, number>()
    for (const [index, info] of reader.blocks.entries()) {
      const block = reader.block(index)!
      for (const { field } of block.columns) {
        if (field?.kind !== 'address') continue
        const { codes, present } = block.readCodes(field, reader.problems)!
        for (const [row, code] of codes.entries()) {
          if (present[row] !== 1) continue
          assert.ok(first[code]! <= index && index <= last[code]!, `code ${code} in block ${index}`)
          used.add(code)
          if (field === F.exporterAddress) exporters.set(code, (exporters.get(code) ?? 0) + 1)
        }
      }
      const numbers = (field: (typeof F)['flowEnd' | 'octetDeltaCount' | 'timeReceived' | 'flowStart']) => {
        const { column } = block.read(field, reader.problems)!
        return column.shape === 'fixed' ? [...column.wide] : []
      }
      const sum = numbers(F.octetDeltaCount).reduce((total, octets) => total + octets, 0n)
      assert.is(info.octets, sum)
      const times = [numbers(F.timeReceived), numbers(F.flowStart), numbers(F.flowEnd)].map((list) =>
        list.sort((a, b) => (a < b ? -1 : 1)),
      )
      assert.is(info.leastReceived, times[0]![0])
      assert.is(info.greatestReceived, times[0]!.at(-1))
      assert.is(info.leastStart, times[1]![0])
      assert.is(info.greatestEnd, times[2]!.at(-1))
    }
    const told = reader.exporterRows()!
    assert.equal(new Map([...told.codes].map((code, i) => [code, told.rows[i]])), exporters)
    assert.is(used.size, reader.addresses.codes - 1)
    assert.is(reader.addresses.find(0, 0, 0xffff, 0xc0000201) > 0, true)
    assert.is(reader.addresses.find(0, 0, 0xffff, 1), -1)
    assert.equal(reader.problems, [])
    reader.close()
  })
})

test.run()

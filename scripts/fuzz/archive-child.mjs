// A writer of numbered rows that is to be killed: says on stdout, one number a line, how many rows are acknowledged.
import { writeSync } from 'node:fs'
import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { F } from '../../lib/flow/fields.ts'

const [directory, run, seed] = process.argv.slice(2)
const limits = { blockRows: 3000, rotateOctets: 60_000, syncEveryMs: 4 }
const writer = new ArchiveWriter({ directory, stream: 'kill', limits, log: SILENT })
const batch = new FlowBatch()
let row = 0
let told = 0
for (;;) {
  batch.reset()
  const count = 1 + ((row + Number(seed)) % 900)
  for (let i = 0; i < count; i++, row++) {
    const sequence = batch.fixed(F.sequenceNumber)
    sequence.values[i] = row
    sequence.present[i] = 1
    const domain = batch.fixed(F.observationDomainId)
    domain.values[i] = Number(run)
    domain.present[i] = 1
    const address = batch.fixed(F.sourceAddress)
    address.words[i * 4 + 3] = Math.imul(row, 2654435761)
    address.present[i] = 1
  }
  batch.rowCount = count
  writer.append(batch)
  if (writer.acknowledgedRows > told) {
    told = writer.acknowledgedRows
    writeSync(1, `${told}\n`)
  }
}

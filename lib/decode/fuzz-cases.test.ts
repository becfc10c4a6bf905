import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../diagnostics/log.ts'
import { BatchWriter } from '../flow/batch-writer.ts'
import { NO_CAPTURES } from '../flow/captures.ts'
import { newDatagram } from '../flow/datagram.ts'
import { testdata } from '../testing/project.ts'
import { makeWorkload, newRandom, WORKLOAD_KINDS } from '../testing/workload.ts'
import { newDecoder } from './decoder.ts'
import { DEFAULT_LIMITS } from './settings.ts'

function newSubject() {
  let rows = 0
  const pass = (batch: Parameters<ConstructorParameters<typeof BatchWriter>[1]>[0]) => {
    rows += batch.rowCount
    batch.reset()
    return batch
  }
  const writers = {
    flow: new BatchWriter('flow', pass),
    options: new BatchWriter('options', pass),
    counters: new BatchWriter('counters', pass),
    discard: new BatchWriter('discard', pass),
  }
  const decoder = newDecoder({
    writers,
    captures: NO_CAPTURES,
    keepUnknown: true,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    log: SILENT,
  })
  const datagram = newDatagram()
  datagram.address.set([0, 0, 0xffff, 0xc0000201])
  datagram.port = 50_000
  return {
    rows: () => Object.values(writers).reduce((sum, writer) => sum + writer.pending, rows),
    give(octets: Uint8Array) {
      datagram.octets = octets
      datagram.view = new DataView(octets.buffer, octets.byteOffset, octets.length)
      datagram.to = octets.length
      decoder.decode(datagram, 'flow')
    },
  }
}

test('inputs that once broke the decoder no longer do', () => {
  const folder = testdata('fuzz', 'decode')
  const names = existsSync(folder) ? readdirSync(folder) : []
  for (const name of names) {
    const hex = readFileSync(`${folder}/${name}`, 'utf8').replace(/\s/g, '')
    const subject = newSubject()
    const octets = new Uint8Array(Buffer.from(hex, 'hex'))
    subject.give(octets)
    assert.ok(subject.rows() <= octets.length, name)
  }
})

test('datagrams of every protocol, cut at any octet and with any octet changed, never throw', () => {
  const random = newRandom(99)
  for (const kind of WORKLOAD_KINDS) {
    const { templates, datagrams } = makeWorkload(kind, 1)
    const subject = newSubject()
    for (const octets of [...templates, ...datagrams]) {
      for (let to = 0; to <= octets.length; to++) subject.give(octets.slice(0, to))
      for (let i = 0; i < 2000; i++) {
        const changed = octets.slice()
        changed[random(changed.length)] = random(256)
        subject.give(changed)
      }
      subject.give(octets)
    }
    assert.ok(subject.rows() > 0, kind)
  }
})

test.run()

// Mutated lines of goflow2, as JSON, text and protobuf, in pieces of any size, through the readers and our own sink.
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { newLineSink } from '../../lib/goflow2/line-sink.ts'
import { detectFormat } from '../../lib/goflow2/reading/detect-format.ts'
import { newLineReader, newMessageReader, newTextReader } from '../../lib/goflow2/reading/line-reader.ts'
import { mutate } from './mutate.mjs'

const JSON_LINES =
  '{"type":"NETFLOW_V9","time_received_ns":1680655485099595000,"sequence_num":5,"sampling_rate":0,' +
  '"sampler_address":"10.19.144.41","bytes":133,"src_addr":"161.202.212.212","dst_addr":"2001:db8::1","etype":"IPv4",' +
  '"proto":"TCP","src_port":5,"in_if":7,"src_mac":"00:00:5e:00:53:01","src_vlan":0,"vlan_id":0,"icmp_type":3,' +
  '"src_net":"161.202.192.0/19","as_path":[1,2],"mpls_ip":["10.0.0.1"],"layer_stack":["Ethernet","IPv4"],"site":"a"}\n'
const SFLOW_LINES = JSON_LINES.replace('NETFLOW_V9', 'SFLOW_5').replace('"vlan_id":0', '"vlan_id":17877')
const TEXT =
  'type=IPFIX bytes=5 proto=ISIS over IPv4 src_net=invalid Prefix as_path=[1,2] layer_stack=[Ethernet] next_hop= x=y\n'
const MESSAGE = [
  0x08, 4, 0x48, 5, 0xa8, 1, 0xb4, 0x24, 0xb0, 1, 0xb4, 0x24, 0xc0, 0x3e, 0xac, 2, 0xaa, 6, 2, 7, 8,
]

/** What must hold of lines: readers never throw, count what they refuse, and give the same in one piece or many. */
export function newTarget(random) {
  const corpus = [
    JSON_LINES.repeat(3),
    JSON_LINES.trimEnd().repeat(2) + SFLOW_LINES + JSON_LINES,
    '[{"bytes":1,"note":"\\u0041\\n"}, {"bytes" : 2}]\n\n',
    TEXT.repeat(2),
  ].map((text) => Buffer.from(text))
  const message = [MESSAGE.length, ...MESSAGE]
  corpus.push(Uint8Array.from([...message, 10, ...message, ...message]))

  function read(newReader, octets, chunk) {
    const printed = []
    const rejects = []
    const sink = newLineSink({
      format: 'json',
      compat: '2.2',
      mapping: null,
      separator: Buffer.from('\n'),
      write: (out, from, to) => void printed.push(Buffer.from(out.subarray(from, to))),
    })
    const writer = new BatchWriter('flow', (batch) => {
      sink.write(batch)
      batch.trim()
      return batch
    })
    const reader = newReader({
      writer,
      onReject(_, from, to, reason, offset) {
        if (from > to || offset < 0 || offset + to - from > octets.length) throw new Error('bad bounds')
        rejects.push(`${reason} ${offset} ${to - from}`)
      },
    })
    for (let p = 0; p < octets.length; p += chunk) {
      const piece = octets.slice(p, p + chunk)
      reader.push(piece, 0, piece.length)
      piece.fill(0x22)
    }
    reader.end()
    writer.flush()
    if (reader.rows !== sink.lines) throw new Error(`${reader.rows} rows, ${sink.lines} lines`)
    if (reader.rejected !== rejects.length) throw new Error('rejects are not counted')
    if (reader.rows + rejects.length > octets.length) throw new Error('more rows than octets')
    const lines = Buffer.concat(printed).toString('latin1')
    // Where garbage ends between messages depends on what has come; the flows do not.
    return newReader === newMessageReader ? lines : `${lines}\n${rejects.join('\n')}`
  }

  return {
    next: () => mutate(corpus, random),
    run(octets) {
      detectFormat(octets)
      for (const newReader of [newLineReader, newTextReader, newMessageReader]) {
        const whole = read(newReader, octets, octets.length || 1)
        const pieces = read(newReader, octets, 1 + random(40))
        if (whole !== pieces) throw new Error(`${newReader.name}: in pieces it is read otherwise`)
      }
    },
  }
}

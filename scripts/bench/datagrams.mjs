// The seeded generator's flows as NetFlow v9, as its exporters would send them.
import { F } from '../../lib/flow/fields.ts'
import { templateOf } from '../../lib/testing/flow-generator.ts'

const RECORDS_PER_DATAGRAM = 12

/** A column's value of one row on the wire. */
function put(view, at, octets, column, row) {
  const { kind } = column.field
  if (kind === 'address' && octets === 16) {
    for (let k = 0; k < 4; k++) view.setUint32(at + k * 4, column.words[row * 4 + k])
  } else if (kind === 'address') {
    view.setUint32(at, column.words[row * 4 + 3])
  } else if (kind === 'mac') {
    view.setUint16(at, column.values[row * 2])
    view.setUint32(at + 2, column.values[row * 2 + 1])
  } else if (column.field === F.flowStart || column.field === F.flowEnd) {
    view.setBigUint64(at, column.wide[row] / 1_000_000n)
  } else if (octets === 8) {
    view.setBigUint64(at, column.wide[row])
  } else if (octets === 4) {
    view.setUint32(at, column.values[row])
  } else if (octets === 2) {
    view.setUint16(at, column.values[row])
  } else {
    view.setUint8(at, column.values[row])
  }
}

const sequences = [0, 0, 0]

/** One NetFlow v9 datagram with the template and the rows, which are of one exporter and family. */
function datagram(batch, rows, exporter, isIpv6) {
  const template = templateOf(exporter, isIpv6)
  const recordOctets = template.reduce((sum, [, octets]) => sum + octets, 0)
  const templateOctets = 8 + template.length * 4
  const dataOctets = Math.ceil((4 + rows.length * recordOctets) / 4) * 4
  const out = Buffer.alloc(20 + templateOctets + dataOctets)
  const view = new DataView(out.buffer, out.byteOffset, out.length)
  const id = 300 + exporter * 2 + (isIpv6 ? 1 : 0)
  view.setUint16(0, 9)
  view.setUint16(2, rows.length + 1)
  view.setUint32(4, 1000)
  view.setUint32(8, Number(batch.fixed(F.exportTime).wide[rows[0]] / 1_000_000_000n))
  view.setUint32(12, sequences[exporter]++)
  view.setUint32(16, exporter)
  view.setUint16(22, templateOctets)
  view.setUint16(24, id)
  view.setUint16(26, template.length)
  template.forEach(([element, octets], i) => {
    view.setUint16(28 + i * 4, element)
    view.setUint16(30 + i * 4, octets)
  })
  const data = 20 + templateOctets
  view.setUint16(data, id)
  view.setUint16(data + 2, dataOctets)
  let at = data + 4
  for (const row of rows) {
    for (const [, octets, field] of template) {
      put(view, at, octets, batch.column(field), row)
      at += octets
    }
  }
  return out
}

/** All rows of a batch as datagrams, in order. */
export function datagrams(batch) {
  const out = []
  let rows = []
  let key = ''
  let send = () => {}
  for (let row = 0; row < batch.rowCount; row++) {
    const exporter = batch.fixed(F.exporterPort).values[row] - 40_000
    const isIpv6 = batch.fixed(F.sourceAddress).words[row * 4] !== 0
    if (key !== `${exporter}${isIpv6}` || rows.length === RECORDS_PER_DATAGRAM) {
      send()
      rows = []
      key = `${exporter}${isIpv6}`
      const own = rows
      send = () => out.push(datagram(batch, own, exporter, isIpv6))
    }
    rows.push(row)
  }
  send()
  return out
}

import { Address } from './address.ts'
import { CUT_SHORT, Fault } from './fault.ts'
import type { OctetReader } from './octet-reader.ts'

export class Netflow5Packet {
  version = 5
  count = 0
  'sys-uptime' = 0
  'unix-secs' = 0
  'unix-nsecs' = 0
  'flow-sequence' = 0
  'engine-type' = 0
  'engine-id' = 0
  'sampling-interval' = 0
  records: Netflow5Record[] = []
}

export interface Netflow5Record {
  'src-addr': Address
  'dst-addr': Address
  'next-hop': Address
  input: number
  output: number
  dpkts: number
  doctets: number
  first: number
  last: number
  'src-port': number
  'dst-port': number
  pad1: number
  'tcp-flags': number
  proto: number
  tos: number
  'src-as': number
  'dst-as': number
  'src-mask': number
  'dst-mask': number
  pad2: number
}

const RECORD_OCTETS = 48

/** The packet behind the version word; as many records as the header claims, empty ones where octets are missing. */
export function decodeNetflow5(reader: OctetReader): Netflow5Packet | Fault {
  const packet = new Netflow5Packet()
  packet.count = reader.u16()
  packet['sys-uptime'] = reader.u32()
  packet['unix-secs'] = reader.u32()
  packet['unix-nsecs'] = reader.u32()
  packet['flow-sequence'] = reader.u32()
  packet['engine-type'] = reader.u8()
  packet['engine-id'] = reader.u8()
  packet['sampling-interval'] = reader.u16()
  if (reader.isShort) return new Fault('decode', `NetFlowLegacy ${CUT_SHORT}`)
  for (let i = 0; i < packet.count; i++) {
    packet.records.push(reader.left >= RECORD_OCTETS ? readRecord(reader) : NO_RECORD)
  }
  return packet
}

function readRecord(reader: OctetReader): Netflow5Record {
  return {
    'src-addr': new Address(reader.exactly(4)),
    'dst-addr': new Address(reader.exactly(4)),
    'next-hop': new Address(reader.exactly(4)),
    input: reader.u16(),
    output: reader.u16(),
    dpkts: reader.u32(),
    doctets: reader.u32(),
    first: reader.u32(),
    last: reader.u32(),
    'src-port': reader.u16(),
    'dst-port': reader.u16(),
    pad1: reader.u8(),
    'tcp-flags': reader.u8(),
    proto: reader.u8(),
    tos: reader.u8(),
    'src-as': reader.u16(),
    'dst-as': reader.u16(),
    'src-mask': reader.u8(),
    'dst-mask': reader.u8(),
    pad2: reader.u16(),
  }
}

const NO_ADDRESS = new Address(new Uint8Array(4))

const NO_RECORD: Netflow5Record = {
  'src-addr': NO_ADDRESS,
  'dst-addr': NO_ADDRESS,
  'next-hop': NO_ADDRESS,
  input: 0,
  output: 0,
  dpkts: 0,
  doctets: 0,
  first: 0,
  last: 0,
  'src-port': 0,
  'dst-port': 0,
  pad1: 0,
  'tcp-flags': 0,
  proto: 0,
  tos: 0,
  'src-as': 0,
  'dst-as': 0,
  'src-mask': 0,
  'dst-mask': 0,
  pad2: 0,
}

import { PROTOCOL } from '../../flow/fields.ts'

/** Protocols whose sequence numbers count flows or records; those of the others count datagrams. */
export const COUNTING_RECORDS: ReadonlySet<number> = new Set([
  PROTOCOL.netflow5,
  PROTOCOL.netflow6,
  PROTOCOL.netflow7,
  PROTOCOL.netflow8,
  PROTOCOL.ipfix,
])

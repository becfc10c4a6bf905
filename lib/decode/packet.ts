import type { FlowBatch } from '../flow/batch.ts'
import type { Captures } from '../flow/captures.ts'
import type { Issues } from './issues.ts'

/** Reads sampled packet headers into columns; one reader serves all rows of a decoder. */
export class FrameReader {
  readonly captures: Captures
  readonly issues: Issues

  constructor(captures: Captures, issues: Issues) {
    this.captures = captures
    this.issues = issues
  }

  /** Parses the header in `[from, to)` into the columns of `row`; `headerProtocol` is sFlow's header_protocol. */
  read(
    octets: Uint8Array,
    view: DataView,
    from: number,
    to: number,
    headerProtocol: number,
    batch: FlowBatch,
    row: number,
  ): void {
    void [octets, view, from, to, headerProtocol, batch, row]
  }
}

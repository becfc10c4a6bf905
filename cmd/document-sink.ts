import type { FlowBatch } from '../lib/flow/batch.ts'
import { clearPage, newDocumentPage } from '../lib/flow/documents.ts'
import type { FlowSink } from '../lib/flow/stages.ts'
import { type RowDocumentSettings, RowDocuments } from './row-documents.ts'

/** A sink that writes a finished document for each row, and `separator` behind it. */
export function newDocumentSink(
  settings: RowDocumentSettings,
  separator: string,
  write: (octets: Uint8Array, from: number, to: number) => void,
): FlowSink {
  const documents = new RowDocuments(settings)
  const end = new TextEncoder().encode(separator)
  const page = newDocumentPage()
  return {
    write(batch: FlowBatch) {
      for (let at = 0; at < batch.rowCount; ) {
        at = documents.write(batch, at, batch.rowCount, page)
        if (separator === '\n') write(page.octets, 0, page.used)
        else {
          for (let i = 0; i < page.count; i++) {
            write(page.octets, page.starts[i]!, page.ends[i]!)
            if (end.length > 0) write(end, 0, end.length)
          }
        }
        clearPage(page)
      }
    },
    flush() {},
    close() {},
  }
}

import { ARCHIVE_CALLS } from '../../lib/archive/archive-calls.ts'
import { FileWriter } from '../../lib/archive/file-writer.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'

/** Writes an archive file with the flows that `write` makes. */
export function writeArchive(path: string, write: (writer: BatchWriter) => void): void {
  const file = new FileWriter({
    path,
    stream: 'test',
    createdNs: 0n,
    blockRows: 16_384,
    mostAddresses: 1_000_000,
    calls: ARCHIVE_CALLS,
    log: SILENT,
  })
  const writer = new BatchWriter('flow', (full) => {
    file.append(full)
    full.reset()
    return full
  })
  write(writer)
  writer.flush()
  file.close()
}

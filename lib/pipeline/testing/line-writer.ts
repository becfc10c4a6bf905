import { workerData } from 'node:worker_threads'
import { SILENT } from '../../diagnostics/log.ts'
import { Control } from '../control.ts'
import { FILES } from '../files.ts'
import { LineFile } from '../line-file.ts'

// A thread of line-file.test.ts: writes lines of its own digit, a few octets at a time.
const { memory, path, number, lines } = workerData as {
  memory: SharedArrayBuffer
  path: string
  number: number
  lines: number
}
const file = new LineFile({
  path,
  separator: '\n',
  isLines: true,
  control: new Control(memory),
  log: SILENT,
  files: { ...FILES, write: (fd, octets, from, count) => FILES.write(fd, octets, from, Math.min(count, 7)) },
})
const line = new TextEncoder().encode(`${String(number).repeat(41)}\n`)
for (let i = 0; i < lines; i++) file.write(line, 0, line.length)
file.close()

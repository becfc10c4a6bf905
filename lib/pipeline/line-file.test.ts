import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FlowError } from '../diagnostics/flow-error.ts'
import { type Log, SILENT } from '../diagnostics/log.ts'
import { Control } from './control.ts'
import { FILES, type FileCalls } from './files.ts'
import { LineFile } from './line-file.ts'

let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'line-file-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

const text = new TextEncoder()

function open(
  changes: { files?: FileCalls; log?: Log; isLines?: boolean; path?: string; now?: () => number } = {},
) {
  const control = new Control()
  const path = changes.path ?? join(folder, 'out')
  const file = new LineFile({
    path,
    separator: '\n',
    isLines: true,
    control,
    log: SILENT,
    ...changes,
  })
  return {
    file,
    control,
    path,
    put: (lines: string) => file.write(text.encode(`#${lines}`), 1, lines.length + 1),
    got: () => readFileSync(path, 'utf8'),
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: it was refused`), { code })
}

/** A log that keeps the messages of `limited`. */
function listening(messages: string[]): Log {
  return {
    ...SILENT,
    limited: (_key, message, attributes) => messages.push(`${message} ${attributes?.['error']}`),
  }
}

test('lines are appended to what is there', () => {
  writeFileSync(join(folder, 'out'), 'old\n')
  const { put, got, file } = open()
  put('a\n')
  put('b\n')
  assert.is(got(), 'old\na\nb\n')
  assert.is(file.counts.octets, 4)
})

test('a file that cannot be opened is an error that names it', () => {
  const path = join(folder, 'missing/out')
  try {
    open({ path })
    assert.unreachable()
  } catch (error) {
    assert.is((error as FlowError).code, 'FILE_UNWRITABLE')
    assert.match((error as FlowError).message, path)
  }
})

test('after a rename and a reopen, lines go to the new file', () => {
  const { put, got, control, path } = open()
  put('a\n')
  renameSync(path, `${path}.1`)
  put('b\n')
  control.reopen()
  put('c\n')
  assert.is(readFileSync(`${path}.1`, 'utf8'), 'a\nb\n')
  assert.is(got(), 'c\n')
})

test('an idle file is let go of as well', () => {
  const { file, control, path, put } = open()
  put('a\n')
  renameSync(path, `${path}.1`)
  control.reopen()
  file.poll()
  assert.is(readFileSync(path, 'utf8'), '')
  assert.is(file.counts.reopened, 1)
  file.poll()
  assert.is(file.counts.reopened, 1)
})

test('a reopen that fails keeps the old file, says so and is tried again', () => {
  const clock = { ms: 1 }
  let refuse = false
  const messages: string[] = []
  const { put, got, control, path, file } = open({
    now: () => clock.ms,
    log: listening(messages),
    files: {
      ...FILES,
      open(path) {
        if (refuse) throw failure('EACCES')
        return FILES.open(path)
      },
    },
  })
  put('a\n')
  renameSync(path, `${path}.1`)
  refuse = true
  control.reopen()
  put('b\n')
  put('c\n')
  assert.is(readFileSync(`${path}.1`, 'utf8'), 'a\nb\nc\n')
  assert.equal(messages, [
    'cannot open the output anew, still writing to the old file; trying again permission denied',
  ])
  refuse = false
  put('d\n')
  assert.is(readFileSync(`${path}.1`, 'utf8'), 'a\nb\nc\nd\n')
  clock.ms += 100
  put('e\n')
  assert.is(got(), 'e\n')
  assert.is(file.counts.reopenErrors, 1)
})

test('a write that takes less than offered is continued', () => {
  const { put, got } = open({
    files: {
      ...FILES,
      write: (fd, octets, from, count) => FILES.write(fd, octets, from, Math.min(count, 3)),
    },
  })
  put('one line\nanother\n')
  assert.is(got(), 'one line\nanother\n')
})

test('a full pipe is waited for', () => {
  let refusals = 3
  const { put, got, file } = open({
    files: {
      ...FILES,
      write(fd, octets, from, count) {
        if (refusals-- > 0) throw failure('EAGAIN')
        return FILES.write(fd, octets, from, count)
      },
    },
  })
  put('a\n')
  assert.is(got(), 'a\n')
  assert.is(file.counts.writeErrors, 0)
})

/** A disk that has `free` octets left. */
function smallDisk(disk: { free: number }): FileCalls {
  return {
    ...FILES,
    write(fd, octets, from, count) {
      if (disk.free === 0) throw failure('ENOSPC')
      const taken = FILES.write(fd, octets, from, Math.min(count, disk.free))
      disk.free -= taken
      return taken
    },
  }
}

test('a full disk costs whole lines only, which are counted, and writing goes on by itself', () => {
  const messages: string[] = []
  const disk = { free: 8 }
  const { put, got, file } = open({ log: listening(messages), files: smallDisk(disk) })
  put('one\ntwo\nthree\nfour\n')
  assert.is(got(), 'one\ntwo\n')
  assert.equal(messages, ['cannot write to the output, records are lost no space is left on the device'])
  put('five\n')
  assert.equal(file.counts, { ...file.counts, octets: 8, lostOctets: 16, lostLines: 3, writeErrors: 2 })
  disk.free = 100
  put('six\n')
  assert.is(got(), 'one\ntwo\nsix\n')
})

test('a line that a full disk has cut is taken back', () => {
  const { put, got, file } = open({ files: smallDisk({ free: 10 }) })
  put('one\ntwo\nthree\nfour\n')
  assert.is(got(), 'one\ntwo\n')
  assert.is(file.counts.lostLines, 2)
})

test('records without line feeds are taken back as one', () => {
  const { put, got } = open({ isLines: false, files: smallDisk({ free: 10 }) })
  put('o\n\n\n\n')
  put('o\n\n\n\n\n\n')
  assert.is(got(), 'o\n\n\n\n')
})

test('a cut line that cannot be taken back is closed before the next', () => {
  const disk = { free: 6 }
  const { put, got } = open({
    files: { ...smallDisk(disk), size: () => -1 },
  })
  put('one\ntwo\n')
  disk.free = 100
  put('three\n')
  assert.is(got(), 'one\ntw\nthree\n')
})

test('what somebody else has written behind a cut line is not taken back', () => {
  const disk = { free: 6 }
  const inner = smallDisk(disk)
  const { put, got, path } = open({
    files: {
      ...inner,
      write(fd, octets, from, count) {
        try {
          return inner.write(fd, octets, from, count)
        } catch (error) {
          appendFileSync(path, 'X\n')
          throw error
        }
      },
    },
  })
  put('one\ntwo\n')
  assert.is(got(), 'one\ntwX\n')
})

test('a device that takes nothing loses lines and nothing else', () => {
  const { put, file } = open({ path: '/dev/full' })
  put('a\nb\n')
  assert.is(file.counts.lostLines, 2)
  assert.is(file.counts.octets, 0)
})

test('a pipe whose reader has gone away is broken for all', () => {
  const { put, control, file } = open({
    files: {
      ...FILES,
      write() {
        throw failure('EPIPE')
      },
    },
  })
  put('a\n')
  assert.ok(control.isBroken)
  put('b\n')
  assert.is(file.counts.writeErrors, 0)
})

test('four threads that write to one pipe in pieces keep their lines apart', async () => {
  const control = new Control()
  const path = join(folder, 'shared')
  writeFileSync(path, '')
  const workers = Array.from(
    { length: 4 },
    (_, number) =>
      new Worker(new URL('./testing/line-writer.ts', import.meta.url), {
        workerData: { memory: control.memory, path, number, lines: 300 },
        execArgv: ['--disable-warning=ExperimentalWarning'],
      }),
  )
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))))
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  assert.is(lines.length, 1200)
  for (const line of lines) assert.match(line, /^(\d)\1{40}$/)
})

test.run()

import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../diagnostics/log.ts'
import { Follower } from './follower.ts'
import { PositionStore } from './position-store.ts'

const test = suite('follower')
const folders: string[] = []
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-tail-'))
  folders.push(folder)
  return folder
}

/** Lines long enough to be told apart by the first. */
function lines(name: string, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += `${name} ${String(i).padStart(70, '0')}\n`
  return text
}

function newFollower(folder: string, isFollowing: boolean, patterns = [join(folder, '*.log*')]) {
  const positions = new PositionStore(join(folder, 'positions.json'))
  const follower = new Follower({
    patterns,
    isExcluded: (path) => path.endsWith('.json'),
    isForeign: () => false,
    onForeign: () => undefined,
    isFollowing,
    scanEveryMs: isFollowing ? 5 : 0,
    ignoreOlderMs: 0,
    positions,
    log: SILENT,
  })
  return { follower, positions }
}

/** All that a run reads and acknowledges. */
async function readAll(folder: string, patterns?: string[]): Promise<string> {
  const { follower, positions } = newFollower(folder, false, patterns)
  let text = ''
  for await (const piece of follower.pieces(new AbortController().signal)) {
    if (piece === null) continue
    text += piece.octets.toString('latin1', piece.from, piece.to)
    follower.acknowledge(piece, piece.end, 1, 0)
  }
  positions.save()
  return text
}

/** Follows until `wanted` octets were read, doing `steps` one after the other whenever nothing came. */
async function follow(folder: string, steps: (() => void)[], wanted: number): Promise<string> {
  const { follower, positions } = newFollower(folder, true)
  const end = new AbortController()
  const deadline = Date.now() + 20_000
  let text = ''
  let quiet = 0
  for await (const piece of follower.pieces(end.signal)) {
    if (piece === null) {
      if (++quiet % 2 === 0) steps.shift()?.()
      if ((steps.length === 0 && text.length >= wanted) || Date.now() > deadline) end.abort()
      continue
    }
    text += piece.octets.toString('latin1', piece.from, piece.to)
    follower.acknowledge(piece, piece.end, 1, 0)
    positions.save()
  }
  return text
}

const sorted = (text: string) => text.split('\n').sort().join('\n')

test('of more files than may be open at once those that are read make room for the others', async () => {
  const folder = newFolder()
  for (let i = 0; i < 150; i++) writeFileSync(join(folder, `a.log.${i}`), lines(`file ${i}`, 0, 1))
  const text = await follow(folder, [], 150 * 73)
  assert.is(text.split('\n').length, 151)
})

test('a second run reads only what was added', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.log')
  writeFileSync(path, lines('a', 0, 10))
  assert.is(await readAll(folder), lines('a', 0, 10))
  appendFileSync(path, lines('a', 10, 12))
  assert.is(await readAll(folder), lines('a', 10, 12))
  assert.is(await readAll(folder), '')
})

test('what was not acknowledged is read again', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'a.log'), lines('a', 0, 10))
  const { follower, positions } = newFollower(folder, false)
  for await (const piece of follower.pieces(new AbortController().signal)) {
    if (piece !== null) follower.acknowledge(piece, lines('a', 0, 4).length, 4, 0)
  }
  positions.save()
  assert.is(await readAll(folder), lines('a', 4, 10))
})

test('a file that was renamed and compressed is read on where it was left', async () => {
  for (const [extension, pack] of [
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
  ] as const) {
    const folder = newFolder()
    const path = join(folder, 'a.log')
    writeFileSync(path, lines('a', 0, 10))
    await readAll(folder)
    appendFileSync(path, lines('a', 10, 13))
    writeFileSync(join(folder, `a.log.1.${extension}`), pack(readFileSync(path)))
    unlinkSync(path)
    writeFileSync(path, lines('b', 0, 3))
    assert.is(sorted(await readAll(folder)), sorted(lines('a', 10, 13) + lines('b', 0, 3)))
    assert.is(await readAll(folder), '')
  }
})

test('a rename, a new file of the same name and more lines lose and double nothing', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.log')
  writeFileSync(path, lines('a', 0, 5))
  const text = await follow(
    folder,
    [
      () => renameSync(path, `${path}.1`),
      () => appendFileSync(`${path}.1`, lines('a', 5, 8)),
      () => writeFileSync(path, lines('b', 0, 5)),
      () => unlinkSync(`${path}.1`),
      () => appendFileSync(path, lines('b', 5, 9)),
    ],
    (8 + 9) * 73,
  )
  assert.is(sorted(text), sorted(lines('a', 0, 8) + lines('b', 0, 9)))
})

test('copy and truncate lose nothing that stands in the copy', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.log')
  writeFileSync(path, lines('a', 0, 5))
  const text = await follow(
    folder,
    [
      () => {
        appendFileSync(path, lines('a', 5, 8))
        copyFileSync(path, `${path}.1`)
        truncateSync(path)
        appendFileSync(path, lines('b', 0, 50))
      },
    ],
    (8 + 50) * 73,
  )
  assert.is(sorted(text), sorted(lines('a', 0, 8) + lines('b', 0, 50)))
})

test('an inode that is used again is another source', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.log')
  writeFileSync(path, lines('a', 0, 5))
  await readAll(folder)
  // Written over in place: the inode is the same for certain.
  writeFileSync(path, lines('b', 0, 9))
  assert.is(await readAll(folder), lines('b', 0, 9))
})

test('a last line without an end waits while a file is followed and counts when it is not', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.log')
  writeFileSync(path, `${lines('a', 0, 2)}cut`)
  const text = await follow(folder, [() => undefined, () => appendFileSync(path, ' here\n')], 146 + 9)
  assert.is(text, `${lines('a', 0, 2)}cut here\n`)
  appendFileSync(path, 'rest')
  assert.is(await readAll(folder), 'rest')
})

test('a line of more than 10 MiB is cut and the next is read whole', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'a.log'), `${lines('a', 0, 1)}${'x'.repeat(25 << 20)}\n${lines('a', 1, 2)}`)
  const { follower } = newFollower(folder, false)
  const seen: number[] = []
  let last = ''
  for await (const piece of follower.pieces(new AbortController().signal)) {
    if (piece === null) continue
    seen.push(piece.to - piece.from)
    last = piece.octets.toString('latin1', Math.max(piece.from, piece.to - 73), piece.to)
  }
  assert.is(last, lines('a', 1, 2))
  assert.ok(seen.every((octets) => octets < 13 << 20))
  assert.is(follower.cutLines, 1)
})

test('files older than asked for are passed over, and read when they grow', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.log')
  writeFileSync(path, lines('a', 0, 5))
  utimesSync(path, 1_000_000, 1_000_000)
  const positions = new PositionStore(join(folder, 'positions.json'))
  const run = async () => {
    const follower = new Follower({
      patterns: [path],
      isExcluded: () => false,
      isForeign: () => false,
      onForeign: () => undefined,
      isFollowing: false,
      scanEveryMs: 0,
      ignoreOlderMs: 3_600_000,
      positions,
      log: SILENT,
    })
    let text = ''
    for await (const piece of follower.pieces(new AbortController().signal)) {
      if (piece !== null) text += piece.octets.toString('latin1', piece.from, piece.to)
    }
    return text
  }
  assert.is(await run(), '')
  appendFileSync(path, lines('a', 5, 6))
  assert.is(await run(), lines('a', 5, 6))
})

test('too far behind, only the last lines are read, and what was skipped is counted', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.log')
  const all = lines('a', 0, 100)
  writeFileSync(path, all)
  const positions = new PositionStore(join(folder, 'positions.json'))
  const follower = new Follower({
    patterns: [path],
    isExcluded: () => false,
    isForeign: () => false,
    onForeign: () => undefined,
    isFollowing: false,
    scanEveryMs: 0,
    ignoreOlderMs: 0,
    maxLagOctets: 1000,
    positions,
    log: SILENT,
  })
  let text = ''
  for await (const piece of follower.pieces(new AbortController().signal)) {
    if (piece === null) continue
    text += piece.octets.toString('latin1', piece.from, piece.to)
    assert.is(piece.offset, all.length - text.length)
  }
  // The line in which it begins is passed over.
  assert.is(text, lines('a', 87, 100))
  assert.is(follower.skippedOctets, all.length - 1000)
})

test('a damaged gzip file gives what is whole and is named', async () => {
  const folder = newFolder()
  const packed = gzipSync(lines('a', 0, 5000))
  writeFileSync(join(folder, 'a.log.gz'), packed.subarray(0, packed.length >> 1))
  const { follower } = newFollower(folder, false)
  let octets = 0
  for await (const piece of follower.pieces(new AbortController().signal))
    octets += (piece?.to ?? 0) - (piece?.from ?? 0)
  assert.ok(octets > 10_000)
  assert.is(follower.unreadable.size, 1)
})

test('more files than may be open are all read', async () => {
  const folder = newFolder()
  let all = ''
  for (let i = 0; i < 150; i++) {
    writeFileSync(join(folder, `${i}.log`), lines(`f${i}`, 0, 2))
    all += lines(`f${i}`, 0, 2)
  }
  assert.is(sorted(await readAll(folder)), sorted(all))
  assert.is(await readAll(folder), '')
})

test('damaged positions are refused with what to do', () => {
  const folder = newFolder()
  const path = join(folder, 'positions.json')
  for (const text of [
    '',
    '{}',
    '{"version":1,"positions":[{"key":1}]}',
    '{"version":1,"positions":[null]}',
  ]) {
    writeFileSync(path, text)
    assert.throws(() => new PositionStore(path), /positions damaged: .*positions\.json: .*move the file away/)
  }
})

test.run()

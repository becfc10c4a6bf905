import { appendFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../diagnostics/log.ts'
import { Follower } from './follower.ts'
import { PositionStore } from './position-store.ts'

const test = suite('identify')

let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-identify-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

const at = (name: string) => join(folder, name)
const SAME = `${'first line of all '.repeat(5)}\n`

function lines(name: string, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += `${name} ${String(i).padStart(90, '0')}\n`
  return text
}

/** What a run reads of the logs and acknowledges, by key; one that follows looks at them once. */
async function read(isFollowing = false): Promise<Map<string, string>> {
  const positions = new PositionStore(at('positions.json'))
  const follower = new Follower({
    patterns: [at('*.log*')],
    isExcluded: () => false,
    isForeign: () => false,
    onForeign: () => undefined,
    isFollowing,
    scanEveryMs: 0,
    ignoreOlderMs: 0,
    positions,
    log: SILENT,
  })
  const texts = new Map<string, string>()
  const end = new AbortController()
  for await (const piece of follower.pieces(end.signal)) {
    if (piece === null) {
      end.abort()
      continue
    }
    const text = piece.octets.toString('latin1', piece.from, piece.to)
    texts.set(piece.source.key, (texts.get(piece.source.key) ?? '') + text)
    follower.acknowledge(piece, piece.end, 1, 0)
  }
  positions.save()
  return texts
}

const texts = async (isFollowing = false) => [...(await read(isFollowing)).values()].sort()

test('logs that begin with the same line are told apart by the next ones, and are all read', async () => {
  const contents = ['a', 'b', 'c'].map((name) => SAME + lines(name, 0, 3))
  for (const [i, text] of contents.entries()) writeFileSync(at(`${i}.log`), text)
  assert.equal(await texts(), contents)
  // A copy of one of them is that one.
  writeFileSync(at('3.log.gz'), gzipSync(contents[1]!))
  assert.equal(await texts(), [])
  appendFileSync(at('2.log'), lines('c', 3, 4))
  assert.equal(await texts(), [lines('c', 3, 4)])
})

test('what is known of a log that is gone does not hold for another that begins as it did', async () => {
  writeFileSync(at('a.log'), SAME + lines('a', 0, 20))
  await read()
  unlinkSync(at('a.log'))
  writeFileSync(at('b.log'), SAME + lines('b', 0, 5))
  assert.equal(await texts(), [SAME + lines('b', 0, 5)])
  assert.equal(await texts(), [])
})

test('a log that cannot be told from another yet waits until it can', async () => {
  writeFileSync(at('a.log'), SAME + lines('a', 0, 3))
  assert.is((await texts(true)).length, 1)
  writeFileSync(at('b.log'), SAME)
  assert.equal(await texts(true), [])
  appendFileSync(at('b.log'), lines('b', 0, 2))
  assert.equal(await texts(true), [SAME + lines('b', 0, 2)])
})

test('a log that is truncated and begins alike is another, also for who has it open', async () => {
  writeFileSync(at('a.log'), SAME + lines('a', 0, 3))
  const positions = new PositionStore(at('positions.json'))
  const follower = new Follower({
    patterns: [at('a.log')],
    isExcluded: () => false,
    isForeign: () => false,
    onForeign: () => undefined,
    isFollowing: true,
    scanEveryMs: 1,
    ignoreOlderMs: 0,
    positions,
    log: SILENT,
  })
  const seen: string[] = []
  const end = new AbortController()
  const deadline = Date.now() + 10_000
  for await (const piece of follower.pieces(end.signal)) {
    if (piece === null) {
      if (seen.length === 1) writeFileSync(at('a.log'), SAME + lines('b', 0, 9))
      if (seen.length > 1 || Date.now() > deadline) end.abort()
      continue
    }
    seen.push(piece.octets.toString('latin1', piece.from, piece.to))
    follower.acknowledge(piece, piece.end, 1, 0)
  }
  assert.equal(seen, [SAME + lines('a', 0, 3), SAME + lines('b', 0, 9)])
})

test('positions of before, which know no more than the first line, go on', async () => {
  writeFileSync(at('a.log'), SAME + lines('a', 0, 3))
  await read()
  const store = new PositionStore(at('positions.json'))
  for (const position of store.all()) {
    position.marks = []
    store.touch(position, 1)
  }
  store.save()
  appendFileSync(at('a.log'), lines('a', 3, 4))
  assert.equal(await texts(), [lines('a', 3, 4)])
})

test.run()

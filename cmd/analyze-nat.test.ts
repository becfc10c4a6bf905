import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { archivePaths } from '../lib/archive/live-files.ts'
import { formatAddress } from '../lib/bytes/address.ts'
import { type NatQuestion, natQuestion } from '../lib/report/nat/nat-question.ts'
import { answerNat } from '../lib/report/nat/nat-report.ts'
import { natWorld } from '../lib/testing/nat-world.ts'
import { newRandom } from '../lib/testing/workload.ts'
import { writeNatDay } from './testing/nat-day.ts'

const WORLD = [1, 300, 3000] as const
const SETTINGS = { rules: [], slackNs: 5_000_000_000n, reachNs: 600_000_000_000n, filter: null }
const RUN = { memoryOctets: 2 ** 26, temporaryDirectory: tmpdir() }
const SHARED = mkdtempSync(join(tmpdir(), 'weir-nat-'))
writeNatDay(SHARED, { flows: 3000, holdings: WORLD[1], fileMs: 600_000, seconds: WORLD[2] })

/** Questions about planted addresses and others, ports that somebody had and others, at any time of the day. */
function questions(seed: number, count: number, isPrivate: boolean): NatQuestion[] {
  const random = newRandom(seed)
  const { holdings } = natWorld(...WORLD)
  return Array.from({ length: count }, (_, i) => {
    const { publicIp, subscriber, firstPort, lastPort, protocol, fromNs, toNs } =
      holdings[random(holdings.length)]!
    const words = isPrivate ? subscriber : [0, 0, 0xffff, random(20) === 0 ? random(2 ** 31) : publicIp]
    const port = firstPort + random(lastPort - firstPort + 1)
    const ms = Number(fromNs / 1_000_000n) + random(Number((toNs - fromNs) / 700_000n))
    const asked = natQuestion(
      i + 1,
      isPrivate,
      formatAddress(Uint32Array.from(words), 0),
      random(8) === 0 || isPrivate ? null : String(random(8) === 0 ? random(65_536) : port),
      String(ms),
      random(2) === 0 || protocol < 0 ? null : String(protocol),
    )
    if (typeof asked === 'string') throw new Error(asked)
    return asked
  })
}

/** Answers as text, and how many rows were read for them. */
async function ask(directory: string, own: readonly NatQuestion[], leastIndexed: number | null) {
  const files = archivePaths([directory]).map((path) => openArchive(path))
  try {
    const { answers, quality } = await answerNat(own, files, { ...SETTINGS, leastIndexed }, RUN)
    const texts = [...answers].map((answer) =>
      JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    )
    return { texts, rows: quality.rowsRead }
  } finally {
    for (const file of files) file.close()
  }
}

/** Asks with the index and without it; returns how many rows were read with it. */
async function isEqual(directory: string, own: readonly NatQuestion[], what: string): Promise<number> {
  const naive = await ask(directory, own, null)
  const indexed = await ask(directory, own, 0)
  assert.equal(indexed.texts, naive.texts, what)
  assert.ok(naive.rows > 0)
  return indexed.rows
}

async function inCopy(action: (directory: string, folder: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-nat-'))
  try {
    for (const path of archivePaths([SHARED])) {
      const copy = join(directory, path.slice(SHARED.length))
      mkdirSync(dirname(copy), { recursive: true })
      copyFileSync(path, copy)
    }
    await action(directory, dirname(archivePaths([directory])[0]!))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** An index with right checksums, of these files and one chunk that is none. */
function madeUp(files: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(files))
  const directory = Buffer.concat([Buffer.alloc(4), text, Buffer.alloc(41)])
  directory.writeUInt32BE(text.length)
  const tail = Buffer.alloc(24)
  tail.writeUInt32BE(directory.length, 8)
  tail.writeUInt32BE(crc32(directory), 12)
  tail.write('weirnat1', 16)
  return Buffer.concat([directory, tail])
}

const indexOf = (folder: string): string => join(folder, '.catalog.nat')

test('answers and gaps are the same with an index and without, asked one by one and together', async () => {
  await inCopy(async (directory) => {
    for (const isPrivate of [false, true]) {
      await isEqual(directory, questions(1, 200, isPrivate), `together, private ${isPrivate}`)
      for (const question of questions(2, 6, isPrivate))
        await isEqual(directory, [question], `private ${isPrivate}: ${question.address} ${question.port}`)
    }
  })
})

test('with an index a question about an event reads no rows', async () => {
  await inCopy(async (directory) => {
    const nsel = natWorld(...WORLD).holdings.find(({ kind, isEndSeen }) => kind === 'nsel' && isEndSeen)!
    const ip = formatAddress(Uint32Array.of(0, 0, 0xffff, nsel.publicIp), 0)
    const asked = natQuestion(1, false, ip, String(nsel.firstPort), String(nsel.fromNs / 1_000_000n), null)
    if (typeof asked === 'string') throw new Error(asked)
    assert.ok((await ask(directory, [asked], 0)).rows > 0, 'no index yet')
    const { texts, rows } = await ask(directory, [asked], 0)
    assert.is(rows, 0)
    assert.match(texts[0]!, /"status":"found"/)
  })
})

test('files that grow, come late, change or go are read as they are', async () => {
  await inCopy(async (directory, folder) => {
    const own = questions(3, 60, false)
    const paths = archivePaths([directory])
    const late = join(directory, basename(paths[1]!))
    renameSync(paths[1]!, late)
    await isEqual(directory, own, 'a file elsewhere')
    renameSync(late, paths[1]!)
    await isEqual(directory, own, 'and back')
    const last = paths.at(-1)!
    const growing = `${last}.part`
    const whole = statSync(last).size
    renameSync(last, growing)
    truncateSync(growing, Math.floor(whole * 0.7))
    await isEqual(directory, own, 'a file that grows')
    rmSync(paths[0]!)
    await isEqual(directory, own, 'a file that is gone')
    copyFileSync(paths[1]!, paths[0]!)
    await isEqual(directory, own, 'another file of its name')
    assert.equal(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      ['.catalog.nat'],
    )
  })
})

test('an index that is damaged, cut or made up is not believed', async () => {
  await inCopy(async (directory, folder) => {
    const own = questions(4, 60, false)
    await isEqual(directory, own, 'made')
    const good = readFileSync(indexOf(folder))
    const random = newRandom(9)
    for (let i = 0; i < 8; i++) {
      const bad = Buffer.from(good)
      for (let k = 0; k < 3; k++) bad[random(i % 2 === 0 ? bad.length : 600)]! ^= 1 << random(8)
      writeFileSync(indexOf(folder), i % 5 === 0 ? bad.subarray(0, random(bad.length)) : bad)
      // What is not believed is made anew where that pays; here it is not to.
      assert.equal((await ask(directory, own, 2 ** 40)).texts, (await ask(directory, own, null)).texts)
    }
    const stretches = { at: 0, octets: 9, rawOctets: 9, crc: 9 }
    const file = { name: 'a.weir', stamp: '1 1 1', flowBlocks: [2 ** 40], stretches }
    for (const files of [null, {}, [1], [{ ...file, name: 1 }], [{ ...file, stretches: null }], [file]]) {
      writeFileSync(indexOf(folder), madeUp(files))
      assert.equal((await ask(directory, own, 2 ** 40)).texts, (await ask(directory, own, null)).texts)
    }
    await isEqual(directory, own, 'made anew')
  })
})

test('a draft that somebody writes is left alone, one that somebody left is removed', async () => {
  await inCopy(async (directory, folder) => {
    const [own, draft] = [questions(6, 20, false), `${indexOf(folder)}.part`]
    writeFileSync(draft, 'half')
    await isEqual(directory, own, 'somebody is at it')
    assert.equal(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      ['.catalog.nat.part'],
    )
    const longAgo = new Date(Date.now() - 3_600_000)
    utimesSync(draft, longAgo, longAgo)
    await isEqual(directory, own, 'nobody is at it any more')
    assert.equal(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      ['.catalog.nat'],
    )
  })
})

test('a folder that cannot be written to is read without an index', async () => {
  await inCopy(async (directory, folder) => {
    mkdirSync(indexOf(folder))
    chmodSync(folder, 0o555)
    await isEqual(directory, questions(5, 40, false), 'a folder stands where the index would')
    chmodSync(folder, 0o755)
    assert.equal(readdirSync(indexOf(folder)), [])
    assert.not.ok(readdirSync(folder).some((name) => name.endsWith('.part')))
  })
})

test.after(() => rmSync(SHARED, { recursive: true, force: true }))

test.run()

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../lib/bytes/address.ts'
import type { BatchWriter } from '../lib/flow/batch-writer.ts'
import { PRESETS } from '../lib/report/presets/presets.ts'
import { attackWorld } from '../lib/testing/attack-world.ts'
import { golden } from '../lib/testing/golden.ts'
import { natWorld } from '../lib/testing/nat-world.ts'
import { scanWorld } from '../lib/testing/scan-world.ts'
import { analyzeOptions, commandOf } from './analyze-flags.ts'
import { answerText } from './analyze-run.ts'
import { parseFlags } from './parse-flags.ts'
import { writeArchive } from './testing/written-archive.ts'

// What the reports about translations, scans, attacks and hosts print of archives with planted ones.

const directory = mkdtempSync(join(tmpdir(), 'weir-detectors-'))
process.env['COLUMNS'] = '140'
process.env['NO_COLOR'] = '1'

function archive(name: string, write: (writer: BatchWriter) => void): string {
  const path = join(directory, `${name}.weir`)
  writeArchive(path, write)
  return path
}

async function answer(words: readonly string[], path: string, format: string): Promise<string> {
  const preset = PRESETS.find(({ name }) => name === words[0])!
  const { given, operands } = parseFlags(commandOf(preset), [
    ...words.slice(1),
    '--in',
    path,
    '--format',
    format,
  ])
  return answerText(analyzeOptions(preset, given, operands, 0))
}

const world = natWorld(7, 300, 6000)
const paths = {
  nat: archive('nat', world.write),
  scan: archive('scan', scanWorld(6, 200).write),
  ddos: archive('ddos', attackWorld(6).write),
}

/** Questions about each fifth holding, in its middle and long after it. */
function questionsFile(): string {
  const lines = world.holdings
    .filter((_, i) => i % 5 === 0)
    .flatMap(({ publicIp, firstPort, fromNs, toNs }) =>
      [(fromNs + toNs) / 2n, toNs + 100_000_000_000n].map((ns) => {
        const ip = formatAddress(Uint32Array.of(0, 0, 0xffff, publicIp), 0)
        return `${ip} ${firstPort} ${new Date(Number(ns / 1_000_000n)).toISOString()}`
      }),
    )
  const path = join(directory, 'questions.txt')
  writeFileSync(path, `# asked\n${lines.join('\n')}\nnonsense 1 2\n`)
  return path
}

for (const format of ['csv', 'json', 'table']) {
  test(`weir analyze nat --questions, as ${format}`, async () => {
    const text = await answer(['nat', '--questions', questionsFile()], paths.nat, format)
    assert.match(text, 'no data: gap 00:')
    golden(`testdata/reports/nat.golden.${format}`, text.replaceAll(directory, '/flows'))
  })
  test(`weir analyze scan, as ${format}`, async () => {
    golden(`testdata/reports/scan.golden.${format}`, await answer(['scan'], paths.scan, format))
  })
  test(`weir analyze ddos, as ${format}`, async () => {
    golden(`testdata/reports/ddos.golden.${format}`, await answer(['ddos'], paths.ddos, format))
  })
  test(`weir analyze host, as ${format}`, async () => {
    golden(`testdata/reports/host.golden.${format}`, await answer(['host', '10.0.0.3'], paths.scan, format))
  })
}

test('a scan has no rows below the score that was asked for, and a list is addresses alone', async () => {
  assert.is((await answer(['scan', '--score', '1'], paths.scan, 'csv')).trim().split('\n').length, 1)
  const list = await answer(['scan'], paths.scan, 'list')
  assert.match(list, /^185\.220\.101\.12\n(?:[0-9a-f.:]+\n){8}$/)
})

test('routers are told how to drop an attack', async () => {
  golden('testdata/reports/ddos-mitigate.golden.tsv', await answer(['ddos', '--mitigate'], paths.ddos, 'tsv'))
})

test('one question about a translation is answered with its evidence', async () => {
  const { publicIp, firstPort, fromNs } = world.holdings[0]!
  const ip = formatAddress(Uint32Array.of(0, 0, 0xffff, publicIp), 0)
  const at = new Date(Number(fromNs / 1_000_000n) + 500).toISOString()
  const text = await answer(['nat', '--ip', ip, '--port', String(firstPort), '--at', at], paths.nat, 'table')
  assert.match(text, /^SUBSCRIBER +PUBLIC +AT +FROM +TO +SOURCE +CONFIDENCE\n/)
  assert.match(text, / session +exact\n/)
})

test.after(() => rmSync(directory, { recursive: true, force: true }))

test.run()

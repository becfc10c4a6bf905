import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseFlags } from './parse-flags.ts'
import { excludes } from './ship/excluded-files.ts'
import { shipOptions } from './ship-flags.ts'
import { SHIP } from './ship-table.ts'

const test = suite('ship-flags')

const options = (...words: string[]) =>
  shipOptions(parseFlags(SHIP, ['a.log', '--to', 'https://es:9200', ...words]).given, {})

test("the presets are Elastic's, and win over the flags that they set", () => {
  const of = (...words: string[]) => {
    const { bulkDocuments, workers, compressionLevel, flushMs, idleTimeoutMs, backoffInitMs, backoffMaxMs } =
      options(...words).delivery
    return [bulkDocuments, workers, compressionLevel, flushMs, idleTimeoutMs, backoffInitMs, backoffMaxMs]
  }
  assert.equal(of(), [1600, 1, 1, 1000, 3000, 1000, 60_000])
  assert.equal(of('--preset', 'balanced', '--workers', '9'), [1600, 1, 1, 10_000, 3000, 1000, 60_000])
  assert.equal(of('--preset', 'throughput'), [1600, 4, 1, 5000, 15_000, 1000, 60_000])
  assert.equal(of('--preset', 'scale'), [1600, 1, 1, 20_000, 1000, 5000, 300_000])
  assert.equal(of('--preset', 'latency', '--bulk-max-size', '7'), [50, 1, 1, 1000, 60_000, 1000, 60_000])
})

test("Elastic's settings hold under their own names and forms", () => {
  const { delivery, ignoreOlderMs, excludeFiles, documents } = options(
    ...['--backoff.init', '2s', '--backoff.max', '3s', '--bulk-max-size', '-1', '--ignore-older', '0'],
    ...['--exclude-files', '\\.gz$', '--tags', 'one,two', '--parameters', 'timeout=1m'],
  )
  assert.equal([delivery.backoffInitMs, delivery.backoffMaxMs], [2000, 3000])
  assert.is(delivery.bulkDocuments, 16_384)
  assert.is(delivery.parameters, '&timeout=1m')
  assert.is(ignoreOlderMs, 0)
  assert.equal(excludeFiles, ['\\.gz$'])
  assert.equal(documents.tags, ['one', 'two'])
  assert.is(options().ignoreOlderMs, 72 * 3_600_000)
})

test('files are left out by expressions of RE2 over the whole path', async () => {
  const isExcluded = await excludes(['\\.gz$', '/old/'])
  assert.equal(['/a/b.log', '/a/b.log.gz', '/a/old/b.log', '/a/b.gz.log'].map(isExcluded), [
    false,
    true,
    true,
    false,
  ])
  const refused = await excludes(['(?=x)']).catch((error: Error) => error)
  assert.match((refused as Error).message, '--exclude-files: got "(?=x)", want a regular expression (RE2)')
})

test('what cannot be is refused with the flag that says so', () => {
  const password = { WEIR_USERNAME: 'a', WEIR_PASSWORD: 'b' }
  const both = () =>
    shipOptions(parseFlags(SHIP, ['a.log', '--to', 'https://es', '--api-key-file', 'k']).given, password)
  assert.throws(both, /exclude each other/)
  for (const [words, want] of [
    [['--namespace', 'With-Dash'], /--namespace/],
    [['--workers', '0'], /--workers/],
    [['--compression-level', '10'], /--compression-level/],
    [['--cert', 'c.pem'], /its key/],
    [['--ca-fingerprint', 'abc'], /64 hexadecimal/],
    [['--documents-only'], /--to -/],
  ] as const) {
    assert.throws(() => options(...words), want)
  }
})

test.run()

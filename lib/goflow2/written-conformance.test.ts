import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conformance } from '../testing/project.ts'
import { rewritten } from './reading/testing/rewritten.ts'

// What goflow2 printed, of whatever version and mapping, read without its mapping and printed as it was written: the
// same octets, and hardly a line that had to be kept whole.

const root = conformance('goflow2', 'golden')

if (root === undefined) {
  console.log('skipped: no conformance data')
} else {
  for (const version of ['v2.1.2', 'v2.2.6', 'HEAD']) {
    for (const kind of ['jsonl', 'stock-mapping.jsonl']) {
      test(`lines of ${version}.${kind} come out in the same octets`, () => {
        let lines = 0
        let whole = 0
        for (const group of readdirSync(root)) {
          const path = join(root, group, `${version}.${kind}`)
          if (!existsSync(path)) continue
          const octets = readFileSync(path)
          const result = rewritten(octets, 10_007)
          assert.is(result.text, octets.toString('latin1'), group)
          lines += result.rows
          whole += result.whole
        }
        assert.is(lines, kind === 'jsonl' ? 470 : 126)
        assert.is(whole, 0)
      })
    }
  }
}

test.run()

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { newRandom } from '../../lib/testing/workload.ts'
import { shipToBadServer } from './testing/ship-to-bad-server.ts'

const test = suite('bad-server')

/** A minute's worth and more of it: npm run fuzz -- server */
const RUNS = 2

test('whatever a server does wrong, each line is there once or a dead letter', async () => {
  const root = mkdtempSync(join(tmpdir(), 'weir-bad-server-'))
  try {
    for (let seed = 1; seed <= RUNS; seed++) {
      await shipToBadServer(join(root, String(seed)), newRandom(seed * 7919))
    }
  } finally {
    rmSync(root, { recursive: true })
  }
})

test.run()

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { SessionState } from '../lib/decode/state-file.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { parseCollectFlags } from './collect-flags.ts'
import { mergeStates, openStateFolder } from './collect-state.ts'

const session = (address: string, port: number, lastSeenMs: number): SessionState => ({
  address,
  port,
  lastSeenMs,
  domains: [],
  agents: [],
  names: null,
})

test('of a session that two workers know, the later one stays, and the longest silent comes first', () => {
  const merged = mergeStates([
    { sessions: [session('192.0.2.1', 9, 10), session('192.0.2.2', 9, 40)] },
    { sessions: [session('192.0.2.1', 9, 30), session('192.0.2.2', 9, 20), session('192.0.2.1', 8, 25)] },
  ])
  assert.equal(
    merged.sessions.map(({ address, port, lastSeenMs }) => [address, port, lastSeenMs]),
    [
      ['192.0.2.1', 8, 25],
      ['192.0.2.1', 9, 30],
      ['192.0.2.2', 9, 40],
    ],
  )
})

test('a folder that was only found is done without, one that was asked for is an error', () => {
  const asked = parseCollectFlags(['--state', '/dev/null/state'])
  assert.throws(() => openStateFolder(asked, SILENT), /cannot keep state in \/dev\/null\/state/)
  const warnings: string[] = []
  const log = { ...SILENT, warn: (message: string) => warnings.push(message) }
  assert.is(openStateFolder({ ...asked, isStateExplicit: false }, log), null)
  assert.equal(warnings, ['templates will not be kept over restarts'])
})

test.run()

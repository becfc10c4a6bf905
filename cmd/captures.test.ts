import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { projectRoot, testdata } from '../lib/testing/project.ts'

interface Flow {
  readonly etype: string
  readonly packets: number
  readonly bytes: number
}

function collect(capture: string): Flow[] {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'cmd/main.ts'), 'collect', '--read', capture],
    { encoding: 'utf8', maxBuffer: 16 << 20 },
  )
  assert.is(status, 0, stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Flow)
}

function totals(flows: readonly Flow[]): { packets: number; bytes: number } {
  let packets = 0
  let bytes = 0
  for (const flow of flows) {
    packets += flow.packets
    bytes += flow.bytes
  }
  return { packets, bytes }
}

// softflowd saw one trace; v1 and v5 have no room for IPv6.
for (const [version, flowCount] of [
  ['v1', 260],
  ['v5', 260],
  ['v9', 316],
  ['ipfix', 316],
  ['ipfix-biflow', 327],
] as const) {
  test(`softflowd's ${version} adds up to the trace that it saw`, () => {
    const flows = collect(testdata('captures', `softflowd-${version}.pcap`))
    assert.is(flows.length, flowCount)
    assert.equal(totals(flows.filter(({ etype }) => etype === 'IPv4')), { packets: 2313, bytes: 1_246_330 })
    if (flowCount > 260) assert.equal(totals(flows), { packets: 2993, bytes: 1_634_718 })
  })
}

test.run()

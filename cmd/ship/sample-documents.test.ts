import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { join, u32, u64, zeros } from '../../lib/testing/datagrams.ts'
import { ethernet, ipUdp, pcap } from '../../lib/testing/pcap.ts'
import { projectRoot } from '../../lib/testing/project.ts'
import { counterSample, discardSample, sflow5Datagram, structure } from '../../lib/testing/sflow-datagrams.ts'

const test = suite('sample-documents')

const folder = mkdtempSync(joinPath(tmpdir(), 'weir-samples-'))
test.after(() => rmSync(folder, { recursive: true }))

function weir(...words: string[]): string {
  const main = joinPath(projectRoot, 'cmd/main.ts')
  const args = ['--disable-warning=ExperimentalWarning', main, ...words]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder })
  assert.is(status, 0, stderr)
  return stdout
}

test('sFlow counters and discards of an archive are documents of their own', () => {
  const generic = structure(1, join(u32(7), u32(6), u64(1000), u32(1), u32(3), u64(2n ** 40n), zeros(60)))
  const samples = [counterSample({ records: [generic] }), discardSample({ reason: 6, records: [] })]
  const packet = ethernet(
    ipUdp({
      source: '192.0.2.9',
      sourcePort: 4000,
      destination: '192.0.2.1',
      destinationPort: 6343,
      payload: sflow5Datagram({ samples }),
    }),
  )
  writeFileSync(
    joinPath(folder, 'samples.pcap'),
    pcap([{ timeNs: 1_700_000_000_000_000_000n, octets: packet }]),
  )
  weir('collect', '--read', 'samples.pcap', '--archive', 'flows')
  const lines = weir('ship', 'flows', '--to', '-', '--state', 'state').trim().split('\n')
  const actions = lines.filter((_, i) => i % 2 === 0).map((line) => JSON.parse(line))
  assert.equal(
    actions.map(({ create }) => create._index),
    ['logs-goflow2.sflow-default', 'logs-goflow2.sflow-default'],
  )
  assert.is(new Set(actions.map(({ create }) => create._id)).size, 2)
  assert.match(lines[1]!, `${2 ** 40}`)
})

test.run()

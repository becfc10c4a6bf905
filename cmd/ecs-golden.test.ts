import { test } from 'uvu'
import { payloadsOf } from '../lib/decode/testing/payloads.ts'
import { golden } from '../lib/testing/golden.ts'
import { testdata } from '../lib/testing/project.ts'
import { netflowDocuments } from './ecs-compared.ts'

test('documents of softflowd’s exports are as they were', () => {
  for (const protocol of ['v1', 'v5', 'v9', 'ipfix', 'ipfix-biflow']) {
    const payloads = payloadsOf(testdata('captures', `softflowd-${protocol}.pcap`))
    const text = netflowDocuments(payloads, { isStrict: false })
      .slice(0, 4)
      .map((document) => `${JSON.stringify(document)}\n`)
      .join('')
    golden(`testdata/ecs/softflowd-${protocol}.golden.ndjson`, text)
  }
})

test.run()

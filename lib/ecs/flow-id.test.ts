import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { putFlowId } from './flow-id.ts'

function flowId(
  source: string,
  destination: string,
  sourcePort: number,
  destinationPort: number,
  proto: number,
) {
  const words = new Uint32Array(8)
  parseAddress(source, words, 0)
  parseAddress(destination, words, 4)
  const out = new Uint8Array(11)
  assert.is(putFlowId(out, 0, words, 0, words, 4, sourcePort, destinationPort, proto), 11)
  return new TextDecoder().decode(out)
}

test('nothing but TCP has the id that Elastic gives it', () => {
  assert.is(flowId('0.0.0.0', '0.0.0.0', 0, 0, 6), 'Vhs9T5k296w')
})

test('ids of IPv4 flows are those of indexed documents', () => {
  assert.is(flowId('10.0.1.228', '10.0.0.34', 5878, 80, 6), 'aVnWxMM8qxI')
  assert.is(flowId('10.0.0.34', '10.0.1.228', 80, 5878, 6), 'aVnWxMM8qxI')
  assert.is(flowId('10.108.219.53', '10.111.112.204', 45587, 2598, 6), 'd-FUjj8eKi8')
  assert.is(flowId('192.168.200.136', '80.82.237.40', 61926, 445, 6), 'tS3zN7t_rFg')
})

test.run()

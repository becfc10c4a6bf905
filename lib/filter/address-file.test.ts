import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { addressFile } from './address-file.ts'
import { hasAddress } from './address-set.ts'
import { parseFilter } from './filter.ts'

const has = (text: string, address: string) => {
  const words = new Uint32Array(4)
  assert.ok(parseAddress(address, words), address)
  return hasAddress(addressFile('list.txt', text), words, 0)
}

test('a file holds addresses, networks and ranges with comments between', () => {
  const text =
    '\ufeff# blocklist\r\n10.0.0.1\r\n\n  10.2.0.0/16   # plant\n2001:db8::/32,x\n10.9.0.5-10.9.0.7\n;end\n::1\n192.0.2.77/24'
  for (const address of ['10.0.0.1', '10.2.255.255', '2001:db8:ffff::1', '10.9.0.6', '::1', '192.0.2.0'])
    assert.ok(has(text, address), address)
  for (const address of ['10.0.0.2', '10.3.0.0', '2001:db9::', '10.9.0.8', '::2', '192.0.3.0'])
    assert.not(has(text, address), address)
})

test('ranges that touch or overlap are one', () => {
  const set = addressFile('x', '10.0.0.0/25\n10.0.0.128/25\n10.0.1.0\n0.0.0.0/1\n128.0.0.0/1\n')
  assert.equal([...set.starts4, ...set.ends4], [0, 0xffffffff])
  const wide = addressFile('x', '2001:db8::/32\n2001:db8:1::/48\n2001:db8::5\n')
  assert.is(wide.starts6.length, 4)
})

test('a bad line is told with its number', () => {
  for (const bad of [
    '10.0.0',
    '10.0.0.0/33',
    'host.example',
    '10.0.0.9-10.0.0.1',
    '10.0.0.1/',
    '1.2.3.4.5',
  ]) {
    try {
      addressFile('list.txt', `10.0.0.1\n# x\n${bad}\n10.0.0.2`)
      assert.unreachable(bad)
    } catch (error) {
      assert.instance(error, FlowError)
      assert.match((error as Error).message, /^list\.txt, line 3: ".*" is no address or network; write /)
    }
  }
})

test('a filter reads the files it names', () => {
  const read: string[] = []
  const readFile = (path: string) => {
    read.push(path)
    return '443\n80-90 # web\n'
  }
  parseFilter('ip in bad-hosts.txt or (src ip in ./x/y.list) or host in "with blank.txt"', {
    readFile: (path) => `${read.push(path)}.0.0.1`,
  })
  parseFilter('dst port in web.txt and as in as.txt', { readFile })
  assert.equal(read, ['bad-hosts.txt', './x/y.list', 'with blank.txt', 'web.txt', 'as.txt'])
})

test.run()

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { parseListenUrls } from './listen-url.ts'

test('the default list gives two listeners on every address with the defaults of goflow2', () => {
  const [sflow, netflow, ...more] = parseListenUrls('sflow://:6343,netflow://:2055')
  assert.equal(sflow, {
    url: 'sflow://:6343',
    scheme: 'sflow',
    host: '',
    port: 6343,
    count: 1,
    workers: 2,
    isWorkersSet: false,
    isBlocking: false,
    queueSize: 1_000_000,
  })
  assert.is(netflow!.scheme, 'netflow')
  assert.is(netflow!.port, 2055)
  assert.is(more.length, 0)
})

test('all parameters are taken, a blocking listener has no queue, and no sockets means one', () => {
  const [one] = parseListenUrls('flow://127.0.0.1:9995?count=4&workers=3&blocking=T&other=1')
  assert.is(one!.count, 4)
  assert.is(one!.workers, 3)
  assert.is(one!.isWorkersSet, true)
  assert.is(one!.isBlocking, true)
  assert.is(one!.queueSize, 0)
  const [two] = parseListenUrls('FLOW://host.example:1?count=0&workers=0&queue_size=5&blocking=False')
  assert.is(two!.scheme, 'flow')
  assert.is(two!.host, 'host.example')
  assert.is(two!.count, 1)
  assert.is(two!.workers, 2)
  assert.is(two!.queueSize, 5)
  assert.is(parseListenUrls('flow://:1?count=3')[0]!.workers, 6)
})

test('an IPv6 address stands in brackets, its zone as Go writes it', () => {
  assert.is(parseListenUrls('netflow://[2001:db8::1]:2055')[0]!.host, '2001:db8::1')
  assert.is(parseListenUrls('netflow://[fe80::1%25eth0]:2055')[0]!.host, 'fe80::1%eth0')
})

for (const [url, message] of [
  ['', /an empty URL: write it as/],
  ['netflow://:2055,', /an empty URL/],
  ['netflow', /write it as scheme/],
  ['netflow:2055', /write it as scheme/],
  ['http://:80', /no scheme http/],
  ['netflow://', /the port/],
  ['netflow://host', /the port/],
  ['netflow://host:', /port is missing/],
  ['netflow://:70000', /at most 65535/],
  ['netflow://:port', /the port/],
  ['netflow://2001:db8::1:2055', /brackets/],
  ['netflow://:1?count=-1', /count must be a whole number, not -1/],
  ['netflow://:1?count=', /count must be a whole number, not empty/],
  ['netflow://:1?count=99999', /count must be at most/],
  ['netflow://:1?workers=two', /workers must be a whole number/],
  ['netflow://:1?blocking=yes', /blocking must be true or false, not yes/],
  ['netflow://:1?queue_size=1e3', /queue_size must be a whole number/],
] as const) {
  test(`'${url}' is refused in one line that says why`, () => {
    try {
      parseListenUrls(url)
      assert.unreachable()
    } catch (error) {
      assert.instance(error, FlowError)
      assert.is((error as FlowError).code, 'LISTEN_FAILED')
      assert.match((error as FlowError).message, message)
      assert.not.match((error as FlowError).message, /\n/)
    }
  })
}

test.run()

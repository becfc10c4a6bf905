import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseServerAddress } from '../lib/elastic/server-address.ts'
import { environmentProxy } from './environment-proxy.ts'

const test = suite('environment-proxy')

const proxyOf = (url: string, environment: Record<string, string>) =>
  environmentProxy(parseServerAddress(url), environment)

test('each scheme has its own variable, in capitals or not', () => {
  const environment = { HTTPS_PROXY: 'http://secure:3128', http_proxy: 'plain:8080' }
  assert.is(proxyOf('https://es:9200', environment), 'http://secure:3128')
  assert.is(proxyOf('http://es:9200', environment), 'http://plain:8080')
  assert.is(proxyOf('https://es:9200', { HTTP_PROXY: 'http://plain:8080' }), null)
  assert.is(proxyOf('https://es:9200', {}), null)
})

test('this machine is reached without', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) {
    assert.is(proxyOf(`https://${host}:9200`, { HTTPS_PROXY: 'http://p' }), null, host)
  }
})

test('what NO_PROXY lists is reached without', () => {
  const isDirect = (url: string, list: string) =>
    proxyOf(url, { HTTPS_PROXY: 'http://p', NO_PROXY: list }) === null
  for (const [url, list, want] of [
    ['https://es.example.org', '*', true],
    ['https://es.example.org', 'example.org', true],
    ['https://example.org', 'example.org', true],
    ['https://example.org', '.example.org', false],
    ['https://es.example.org', 'a.b, .example.org', true],
    ['https://es.example.org', '*.example.org', true],
    ['https://badexample.org', 'example.org', false],
    ['https://es.example.org:9200', 'es.example.org:9200', true],
    ['https://es.example.org:9200', 'es.example.org:443', false],
    ['https://10.1.2.3:9200', '10.0.0.0/8', true],
    ['https://11.1.2.3:9200', '10.0.0.0/8,11.1.2.4', false],
    ['https://11.1.2.3:9200', '11.1.2.3', true],
    ['https://[2001:db8::7]:9200', '2001:db8::/32', true],
    ['https://[2001:db8::7]:9200', '[2001:db8::7]:9200', true],
    ['https://es', '', false],
  ] as const) {
    assert.is(isDirect(url, list), want, `${url} ${list}`)
  }
})

test.run()

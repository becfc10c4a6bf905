import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  parseAddressWords,
  parseBoolean,
  parseDuration,
  parseHostPort,
  parseInteger,
  parseNetworkText,
  parseSize,
} from './values.ts'

test('durations add up their parts, and need a unit unless they are 0', () => {
  assert.is(parseDuration('90s'), 90_000)
  assert.is(parseDuration('1h30m'), 5_400_000)
  assert.is(parseDuration('30d'), 2_592_000_000)
  assert.is(parseDuration('2y'), 730 * 86_400_000)
  assert.is(parseDuration('1.5s'), 1500)
  assert.is(parseDuration('250us'), 0.25)
  assert.is(parseDuration('0'), 0)
  for (const text of ['', '90', 's', '5 m', '-5m', '5x', '1h30', '.5s', '1e3s']) {
    assert.is(parseDuration(text), undefined, text)
  }
})

test('sizes count in thousands, or in 1024s with an i', () => {
  assert.is(parseSize('9000'), 9000)
  assert.is(parseSize('64KiB'), 65_536)
  assert.is(parseSize('64ki'), 65_536)
  assert.is(parseSize('10G'), 10_000_000_000)
  assert.is(parseSize('1.5MB'), 1_500_000)
  for (const text of ['', 'K', '-1', '0.5', '1KKB', '9e3', '99999999P'])
    assert.is(parseSize(text), undefined, text)
})

test('a number is decimal digits and nothing else', () => {
  assert.is(parseInteger('007'), 7)
  for (const text of ['', '1e3', '0x10', '-1', '1.0', '99999999999999999999']) {
    assert.is(parseInteger(text), undefined, text)
  }
})

test("truth has Go's words", () => {
  for (const text of ['1', 't', 'T', 'true', 'True', 'TRUE']) assert.is(parseBoolean(text), true)
  for (const text of ['0', 'f', 'F', 'false', 'False', 'FALSE']) assert.is(parseBoolean(text), false)
  for (const text of ['', 'yes', 'tRUE', '2']) assert.is(parseBoolean(text), undefined)
})

test('addresses and networks are checked', () => {
  assert.equal([...parseAddressWords('10.0.0.1')!], [0, 0, 0xffff, 0x0a000001])
  assert.is(parseAddressWords('10.0.0'), undefined)
  assert.is(parseNetworkText('10.0.0.0/8')!.bits, 104)
  assert.is(parseNetworkText('2001:db8::/32')!.bits, 32)
  assert.is(parseNetworkText('10.0.0.0/33'), undefined)
})

test('a place to serve is a host, or none, and a port', () => {
  assert.equal(parseHostPort(':8080'), { host: '', port: 8080 })
  assert.equal(parseHostPort('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 })
  assert.equal(parseHostPort('[::1]:80'), { host: '::1', port: 80 })
  for (const text of ['', '8080', 'a:b', ':70000', '::1:80', 'a:'])
    assert.is(parseHostPort(text), undefined, text)
})

test.run()

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress, parseAddress, parseNetwork } from '../bytes/address.ts'
import { networkText, prefixText } from '../bytes/prefix.ts'
import { parseAsSources, pickAsSource } from './as-source.ts'
import { flowDirection } from './direction.ts'
import { protocolName, protocolNumber } from './protocol-names.ts'
import { serviceCount, serviceName, servicePort } from './service-names.ts'

test('protocols have IANA keywords, and numbers where there is none', () => {
  const names = {
    0: 'hopopt',
    1: 'icmp',
    6: 'tcp',
    17: 'udp',
    47: 'gre',
    50: 'esp',
    54: 'narp',
    58: 'ipv6-icmp',
  }
  for (const [number, name] of Object.entries(names)) assert.is(protocolName(Number(number)), name)
  assert.is(protocolName(89), 'ospfigp')
  assert.is(protocolName(103), 'pim')
  assert.is(protocolName(112), 'vrrp')
  assert.is(protocolName(132), 'sctp')
  assert.is(protocolName(136), 'udplite')
  assert.is(protocolName(145), 'nsh')
  assert.is(protocolName(61), '61')
  assert.is(protocolName(200), '200')
})

test('protocols are found by keyword, alias and number', () => {
  for (let number = 0; number < 256; number++) assert.is(protocolNumber(protocolName(number)), number)
  assert.is(protocolNumber('ICMP6'), 58)
  assert.is(protocolNumber('ospf'), 89)
  assert.is(protocolNumber('256'), -1)
  assert.is(protocolNumber('nonsense'), -1)
})

test('services are known by port and protocol', () => {
  assert.is(serviceName(6, 443), 'https')
  assert.is(serviceName(17, 53), 'dns')
  assert.is(serviceName(6, 22), 'ssh')
  assert.is(serviceName(17, 514), 'syslog')
  assert.is(serviceName(6, 514), 'shell')
  assert.is(serviceName(132, 4739), 'ipfix')
  assert.is(serviceName(6, 49999), '')
  assert.is(serviceName(1, 443), '')
  assert.is(servicePort('HTTPS'), 443)
  assert.is(servicePort('domain'), 53)
  assert.is(servicePort('nonsense'), -1)
  assert.ok(serviceCount() > 800, `${serviceCount()} services`)
})

test('a prefix holds its own family only, and its host bits are cleared', () => {
  const words = new Uint32Array(4)
  const prefix = (address: string) => {
    assert.ok(parseAddress(address, words))
    return `${formatAddress(words, 0)} ${prefixText(words, 0, 24, 56)}`
  }
  assert.is(prefix('10.1.2.3'), '10.1.2.3 10.1.2.0/24')
  assert.is(prefix('2001:db8:1:2345::1'), '2001:db8:1:2345::1 2001:db8:1:2300::/56')
  assert.is(networkText(parseNetwork('10.1.2.3/8')!), '10.0.0.0/8')
  assert.is(networkText(parseNetwork('192.0.2.1')!), '192.0.2.1/32')
  assert.is(networkText(parseNetwork('2001:db8::1/32')!), '2001:db8::/32')
  assert.is(networkText(parseNetwork('0.0.0.0/0')!), '0.0.0.0/0')
  assert.is(networkText(parseNetwork('::/0')!), '::/0')
})

test('a flow goes in, out, inside or past', () => {
  assert.is(flowDirection(false, true), 'in')
  assert.is(flowDirection(true, false), 'out')
  assert.is(flowDirection(true, true), 'internal')
  assert.is(flowDirection(false, false), 'transit')
})

test("the AS is the user's, else the exporter's, else the built-in table's, or as asked", () => {
  const auto = parseAsSources('auto')!
  assert.is(pickAsSource(auto, 64500, 64501, 64502), 'user')
  assert.is(pickAsSource(auto, 0, 64501, 64502), 'exporter')
  assert.is(pickAsSource(auto, 0, 0, 64502), 'built-in')
  assert.is(pickAsSource(auto, 0, 23456, 64502), 'built-in')
  assert.is(pickAsSource(auto, 0, 0, 0), null)
  assert.is(pickAsSource(parseAsSources('exporter,user')!, 64500, 64501, 64502), 'exporter')
  assert.is(pickAsSource(parseAsSources('user')!, 0, 64501, 64502), null)
  for (const text of ['', 'users', 'user,', 'user,user']) assert.is(parseAsSources(text), null, text)
})

test.run()

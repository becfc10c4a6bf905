import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Address } from './address.ts'
import { compactJson, goJson } from './go-json.ts'
import { Text } from './sflow-tree.ts'

function text(octets: Uint8Array | string): string {
  return Buffer.from(goJson(new Text(Buffer.from(octets))), 'latin1').toString()
}

test('octets are base64, addresses text, 64 bits plain digits', () => {
  const tree = {
    data: Uint8Array.of(1, 2, 3),
    none: new Uint8Array(0),
    'next-hop': new Address(Uint8Array.of(10, 0, 0, 1)),
    speed: 18_446_744_073_709_551_615n,
    list: [1, null, { a: false }],
  }
  assert.is(
    goJson(tree),
    '{"data":"AQID","none":"","next-hop":"10.0.0.1","speed":18446744073709551615,"list":[1,null,{"a":false}]}',
  )
})

test('text is escaped as Go escapes it', () => {
  assert.is(text('a"\\\b\f\n\r\t\u0001\u007f'), '"a\\"\\\\\\b\\f\\n\\r\\t\\u0001\u007f"')
  assert.is(text('<&>é€😀\u2028\u2029'), '"\\u003c\\u0026\\u003eé€😀\\u2028\\u2029"')
})

test('each octet that is not UTF-8 becomes one replacement character', () => {
  assert.is(text(Uint8Array.of(0x61, 0xff, 0xc0, 0x80, 0x62)), '"a\\ufffd\\ufffd\\ufffdb"')
  assert.is(text(Uint8Array.of(0xe2, 0x82)), '"\\ufffd\\ufffd"')
  assert.is(text(Uint8Array.of(0xed, 0xa0, 0x80)), '"\\ufffd\\ufffd\\ufffd"')
  assert.is(text(Uint8Array.of(0xf4, 0x90, 0x80, 0x80)), '"\\ufffd\\ufffd\\ufffd\\ufffd"')
})

test('JSON of its own making loses blanks between its parts and has HTML escaped', () => {
  assert.is(
    compactJson('{"a b": [1, 2] ,\n"c":"<\xe2\x80\xa8\xff>"}'),
    '{"a b":[1,2],"c":"\\u003c\\u2028\xff\\u003e"}',
  )
  assert.is(compactJson('{"a \\" b":" \\\\ "}'), '{"a \\" b":" \\\\ "}')
})

test('what is not JSON is none', () => {
  for (const broken of ['{"a":"\n"}', '{"a":"b"c"}', '{"a":[1 2]}', '{"a":"\\x"}', '{"a":}']) {
    assert.is(compactJson(broken), null, broken)
  }
})

test.run()

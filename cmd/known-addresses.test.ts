import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../lib/bytes/address.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import type { AddressFact } from '../lib/flow/address-fact.ts'
import { knowAddresses } from './known-addresses.ts'
import { UsageError } from './usage-error.ts'

function textOf(fact: AddressFact | null | undefined, address: string): string {
  const words = new Uint32Array(4)
  assert.ok(parseAddress(address, words))
  const out = new Uint32Array(1)
  fact!.fill(words, 0, 1, out)
  return fact!.text(out[0]!)
}

test('without files the private networks are local and the built-in table knows the AS', () => {
  const { local, facts, as, systems, attribution } = knowAddresses({}, SILENT)
  assert.is(textOf(local, '10.1.2.3'), 'local')
  assert.is(textOf(local, '8.8.8.8'), '')
  assert.is(textOf(facts.get('local.net'), '10.1.2.3'), '10.0.0.0/8')
  assert.is(textOf(facts.get('country'), '8.8.8.8'), 'US')
  assert.is(as.before, null)
  assert.ok(as.exporter)
  assert.is(textOf(as.after, '8.8.8.8'), '15169')
  assert.is(systems.name(13335), 'Cloudflare, Inc.')
  assert.is(attribution.link.text, 'IP Geolocation by DB-IP')
})

test("the user's files go first, in the order that is asked for", () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-known-'))
  try {
    const table = join(folder, 'as.csv')
    writeFileSync(table, '8.8.8.0/24,64500,Ours\n')
    const local = join(folder, 'nets.txt')
    writeFileSync(local, '8.8.8.8 dns customer=ACME\n')
    const known = knowAddresses({ as: table, local }, SILENT)
    assert.is(textOf(known.as.before, '8.8.8.8'), '64500')
    assert.is(textOf(known.as.after, '1.1.1.1'), '13335')
    assert.is(textOf(known.facts.get('customer'), '8.8.8.8'), 'ACME')
    assert.is(textOf(known.local, '10.1.2.3'), '')
    const alone = knowAddresses({ as: table, asSource: 'built-in,user' }, SILENT)
    assert.not(alone.as.exporter)
    assert.is(alone.as.after, null)
    assert.is(textOf(alone.as.before, '8.8.8.8'), '15169')
    const exporterFirst = knowAddresses({ as: table, asSource: 'exporter,user' }, SILENT)
    assert.is(exporterFirst.as.before, null)
    assert.is(textOf(exporterFirst.as.after, '8.8.8.8'), '64500')
    assert.is(textOf(exporterFirst.as.after, '1.1.1.1'), '')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('an unknown source is wrong use', () => {
  assert.throws(
    () => knowAddresses({ asSource: 'whois' }, SILENT),
    (error: Error) => error instanceof UsageError && /--as-source "whois" is not known/.test(error.message),
  )
})

test.run()

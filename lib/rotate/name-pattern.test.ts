import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type NamePattern, parseNamePattern } from './name-pattern.ts'

const at = new Date('2026-10-25T00:30:07Z')

function pattern(text: string, zone = 'UTC'): NamePattern {
  const parsed = parseNamePattern(text, zone)
  if (typeof parsed === 'string') throw new Error(parsed)
  return parsed
}

test('the default name has the time in UTC before the extension', () => {
  const { path } = pattern('{name}_%Y%m%d_%H%M{ext}')
  assert.is(path('/var/log/goflow2.log', at, 0), '/var/log/goflow2_20261025_0030.log')
  assert.is(path('/var/log/goflow2.log', at, 2), '/var/log/goflow2_20261025_0030.2.log')
  assert.is(path('/var/log/flows', at, 1), '/var/log/flows_20261025_0030.1')
})

test('other words, folders and absolute names are understood', () => {
  assert.is(pattern('%Y/%m/{name}.%s%%{ext}').path('/l/a.b.log', at, 0), '/l/2026/10/a.b.1792888207%.log')
  assert.is(pattern('/srv/{name}-%H.%M.%S').path('/l/a.log', at, 3), '/srv/a-00.30.07.3')
})

test('the hour that comes twice at the end of summer time has one name, told apart by a number', () => {
  const { path } = pattern('%Y%m%d_%H%M{ext}', 'Europe/Berlin')
  const later = new Date(at.getTime() + 3_600_000)
  assert.is(path('/l/a.log', at, 0), '/l/20261025_0230.log')
  assert.is(path('/l/a.log', later, 1), '/l/20261025_0230.1.log')
})

test('what is not understood is said', () => {
  assert.is(parseNamePattern('%Y%j', 'UTC'), '%j is not one of %Y %m %d %H %M %S %s %%')
  assert.is(parseNamePattern('{base}', 'UTC'), '{base} is not {name} or {ext}')
  assert.is(parseNamePattern('a%', 'UTC'), '% is not one of %Y %m %d %H %M %S %s %%')
  assert.is(parseNamePattern('old/', 'UTC'), 'the name is empty')
})

test('old logs of a log are known by their names, and no other files', () => {
  const { folder, isDeep, shape } = pattern('{name}_%Y%m%d_%H%M{ext}').oldLogs('/l/a+b.log')
  assert.is(folder, '/l')
  assert.not(isDeep)
  for (const name of ['a+b_20261025_0030.log', 'a+b_20261025_0030.12.log.zst', 'a+b_20261025_0030.log.gz']) {
    assert.ok(shape.test(name), name)
  }
  for (const name of [
    'a+b.log',
    'aab_20261025_0030.log',
    'a+b_20261025_0030.log.bak',
    'a+b_x_20261025_0030.log',
  ])
    assert.not(shape.test(name), name)
})

test('the folder of old logs is the part of the name that does not change', () => {
  const deep = pattern('old/{name}/%Y/%m{ext}').oldLogs('/l/a.log')
  assert.is(deep.folder, '/l/old/a')
  assert.ok(deep.isDeep)
  assert.ok(deep.shape.test('2026/10.log'))
  const absolute = pattern('/srv/%Y{ext}').oldLogs('/l/a.log')
  assert.is(absolute.folder, '/srv')
  assert.not(absolute.isDeep)
  assert.is(pattern('/%Y{ext}').oldLogs('/l/a.log').folder, '/')
})

test('a glob leaves out whatever looks like an old log', () => {
  const dated = pattern('{name}_%Y%m%d_%H%M{ext}')
  assert.ok(dated.isOldLog('/l/goflow2_20261025_0030.log'))
  assert.ok(dated.isOldLog('/l/goflow2_20261025_0030.7.log.gz'))
  assert.not(dated.isOldLog('/l/goflow2.log'))
  const plain = pattern('{name}{ext}')
  assert.ok(plain.isOldLog('/l/goflow2.1.log'))
  assert.not(plain.isOldLog('/l/goflow2.log'))
})

test.run()

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { showSection } from './config.ts'
import { loadConfiguration } from './config-file.ts'
import type { Command, GivenFlags } from './flags.ts'
import { withConfiguration } from './with-configuration.ts'

let folder = ''
let file = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-config-'))
  file = join(folder, 'weir.yaml')
})
test.after(() => rmSync(folder, { recursive: true }))

async function collectSection(text: string): Promise<GivenFlags> {
  writeFileSync(file, text)
  return (await loadConfiguration(file)).get('collect')!
}

async function refusal(text: string): Promise<string> {
  try {
    await collectSection(text)
  } catch (error) {
    assert.is((error as Error).name, 'UsageError')
    return (error as Error).message.replaceAll(folder, '')
  }
  throw new Error('accepted')
}

test('values are the text of the file, whatever YAML makes of it', async () => {
  const flags = await collectSection(
    'collect:\n  output: 007\n  mapping: 1e3\n  keep-unknown: true\n  addr: ""\n  counters:\n  drops: "yes # no"\n',
  )
  assert.equal(flags.get('output')!.values, ['007'])
  assert.equal(flags.get('mapping')!.values, ['1e3'])
  assert.equal(flags.get('keep-unknown')!.values, ['true'])
  assert.equal(flags.get('addr')!.values, [''])
  assert.equal(flags.get('counters')!.values, [''])
  assert.equal(flags.get('drops')!.values, ['yes # no'])
})

test("goflow2's dotted names are keys too, and lists are sequences or text", async () => {
  const flags = await collectSection(
    'collect:\n  transport.file: x\n  listen: [netflow://:1, sflow://:2]\n  sampling: 10.0.0.0/8=1,11.0.0.0/8=2\n',
  )
  assert.equal(flags.get('output')!.values, ['x'])
  assert.equal(flags.get('listen')!.values, ['netflow://:1', 'sflow://:2'])
  assert.equal(flags.get('sampling')!.values, ['10.0.0.0/8=1,11.0.0.0/8=2'])
})

test('what nobody understands is named with file, line and key', async () => {
  assert.is(
    await refusal('collect:\n  format: json\n  fromat: x\n'),
    '/weir.yaml:3: collect: unknown key fromat; did you mean format?',
  )
  assert.is(
    await refusal('colect:\n  format: json\n'),
    '/weir.yaml:1: unknown key colect, want a command: collect, archive, rotate, analyze, ship',
  )
  assert.is(
    await refusal('\n\ncollect: [1]\n'),
    '/weir.yaml:3: collect: want flags as keys, each with its value',
  )
  assert.is(await refusal('- collect\n'), '/weir.yaml:1: want one section per command')
  assert.is(await refusal('collect:\n  format: [a, b]\n'), '/weir.yaml:2: format: want a value')
  assert.is(
    await refusal('collect:\n  listen: {a: b}\n'),
    '/weir.yaml:2: listen: want a value or a list of values',
  )
  assert.is(
    await refusal('collect:\n  output: a\n  transport.file: b\n'),
    '/weir.yaml:3: collect: transport.file is given twice',
  )
  assert.match(
    await refusal('collect:\n  workers: 4\n'),
    /:2: collect: unknown key workers; write the number of workers/,
  )
  assert.match(await refusal('collect:\n  config: x\n'), /:2: collect: unknown key config/)
  assert.match(await refusal('collect:\n  format: "json\n'), /^\/weir.yaml:\d: Missing closing/)
  assert.match(
    await refusal('collect:\n  format: a\n  format: b\n'),
    /^\/weir.yaml:3: Map keys must be unique/,
  )
})

test('an empty file and an empty section say nothing', async () => {
  writeFileSync(file, '# nothing\n')
  assert.is((await loadConfiguration(file)).size, 0)
  assert.is((await collectSection('collect:\n')).size, 0)
})

test('a file that cannot be read is a failure, not wrong use', async () => {
  try {
    await loadConfiguration(join(folder, 'absent.yaml'))
    assert.unreachable()
  } catch (error) {
    assert.is((error as Error).name, 'FlowError')
    assert.match((error as Error).message, /absent\.yaml/)
  }
})

test('flags win over the file', async () => {
  writeFileSync(file, 'collect:\n  format: text\n  output: a\n')
  const given = new Map([
    ['config', { values: [file], source: '--config' }],
    ['format', { values: ['bin'], source: '--format' }],
  ])
  const merged = await withConfiguration('collect', given)
  assert.equal(merged.get('format')!.values, ['bin'])
  assert.equal(merged.get('output')!.values, ['a'])
})

test("a value that only one of a section's verbs has does not trouble the others; one that none has does", async () => {
  const given = new Map([['config', { values: [file], source: '--config' }]])
  const format = async (verb: string) => (await withConfiguration(verb, given)).get('format')?.values
  writeFileSync(file, 'archive:\n  format: nfdump-csv\n  keep: 30d\n')
  assert.equal(await format('archive export'), ['nfdump-csv'])
  assert.is(await format('archive list'), undefined)
  writeFileSync(file, 'archive:\n  format: csv\n')
  assert.equal(await format('archive list'), ['csv'])
  writeFileSync(file, 'archive:\n  format: nonsense\n')
  assert.equal(await format('archive list'), ['nonsense'])
})

test('show names the source of each value, and no secret', () => {
  const command: Command = {
    name: 'send',
    operands: '',
    summary: '',
    examples: [],
    flags: [
      { name: 'to', value: 'URL', group: '', help: '' },
      { name: 'key', value: 'TEXT', group: '', help: '', isSecret: true },
      { name: 'dir', value: 'DIR', group: '', help: '', environment: 'STATE_DIRECTORY', default: '/x' },
      { name: 'rate', value: 'N', group: '', help: '', default: '5' },
    ],
  }
  const given = new Map([
    ['to', { values: ['a b'], source: '/etc/weir.yaml:2: to' }],
    ['key', { values: ['hunter2'], source: '/etc/weir.yaml:3: key' }],
  ])
  const shown = showSection(command, given, { STATE_DIRECTORY: '/state' })
  assert.is(
    shown.replaceAll(/ +#/g, ' #'),
    'send:\n  to: "a b" # /etc/weir.yaml:2\n  key: (not shown) # /etc/weir.yaml:3\n' +
      '  dir: /state # $STATE_DIRECTORY\n  rate: 5 # default\n',
  )
})

test.run()

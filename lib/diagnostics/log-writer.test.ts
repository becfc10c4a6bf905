import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { LogLevel } from './log.ts'
import { formatLogLine } from './log-line.ts'
import { newLog } from './log-writer.ts'

const at = new Date('2026-11-21T10:00:00.5Z')

test('a text line reads as slog writes it', () => {
  assert.is(
    formatLogLine('text', at, 'info', 'starting collection', { scheme: 'sflow', hostname: '', port: 6343 }),
    'time=2026-11-21T10:00:00.500Z level=INFO msg="starting collection" scheme=sflow hostname="" port=6343',
  )
})

test('a text line quotes what would break it apart', () => {
  assert.is(
    formatLogLine('text', at, 'warn', 'x', { a: 'b=c', d: 'line\nfeed', e: 'q"', f: '\u009b', g: 'é' }),
    'time=2026-11-21T10:00:00.500Z level=WARN msg=x a="b=c" d="line\\nfeed" e="q\\"" f="\\u009b" g=é',
  )
})

test('a JSON line is one object', () => {
  const line = formatLogLine('json', at, 'error', 'no "luck"', { count: 3, ok: false })
  assert.equal(JSON.parse(line), {
    time: '2026-11-21T10:00:00.500Z',
    level: 'ERROR',
    msg: 'no "luck"',
    count: 3,
    ok: false,
  })
})

function recorder(level: LogLevel, count: number) {
  const lines: string[] = []
  const clock = { ms: 0 }
  const log = newLog({
    level,
    limits: { count, intervalMs: 1000 },
    now: () => clock.ms,
    write: (at, message, attributes) => lines.push(`${at} ${message} ${JSON.stringify(attributes)}`),
  })
  return { lines, clock, log }
}

test('lines below the level are dropped', () => {
  const { log, lines } = recorder('warn', 1)
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  assert.equal(lines, ['warn c {}', 'error d {}'])
})

test('limited messages are muted for each key and the skipped ones counted', () => {
  const { log, lines, clock } = recorder('info', 2)
  for (let i = 0; i < 5; i++) log.limited('a', `a${i}`)
  log.limited('b', 'b0')
  assert.equal(lines, [
    'warn a0 {}',
    'warn a1 {}',
    'warn too many receiver messages, muting {"about":"a"}',
    'warn b0 {}',
  ])
  clock.ms = 1000
  log.tick()
  assert.is(lines.at(-1), 'warn skipped receiver messages {"count":3,"about":"a"}')
  const before = lines.length
  log.tick()
  assert.is(lines.length, before)
  log.limited('a', 'again')
  assert.is(lines.at(-1), 'warn again {}')
})

test('an interval that is over is told before the next message of its key', () => {
  const { log, lines, clock } = recorder('info', 1)
  log.limited('a', '0')
  log.limited('a', '1')
  clock.ms = 1500
  log.limited('a', '2')
  assert.equal(lines.slice(2), ['warn skipped receiver messages {"count":1,"about":"a"}', 'warn 2 {}'])
})

test('what was skipped is told at the end', () => {
  const { log, lines } = recorder('info', 1)
  for (let i = 0; i < 3; i++) log.limited('a', 'x')
  log.finish()
  assert.is(lines.at(-1), 'warn skipped receiver messages {"count":2,"about":"a"}')
})

test('a count of zero mutes nothing', () => {
  const { log, lines } = recorder('info', 0)
  for (let i = 0; i < 50; i++) log.limited('a', 'x')
  assert.is(lines.length, 50)
})

test('keys beyond the bound share one allowance', () => {
  const { log, lines } = recorder('info', 1)
  for (let i = 0; i < 5000; i++) log.limited(`key ${i}`, 'x')
  assert.is(lines.length, 1002)
})

test.run()

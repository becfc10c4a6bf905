import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newAgent } from './session.ts'
import { Sessions } from './sessions.ts'
import { DEFAULT_LIMITS } from './settings.ts'

function table(sessions: number, forgotten: string[] = []): Sessions {
  return new Sessions({
    limits: { ...DEFAULT_LIMITS, sessions },
    takesResets: true,
    overrideOf: () => 0,
    forget: ({ session }) => forgotten.push(`${session.exporter.address}:${session.port}`),
  })
}

const address = (number: number) => Uint32Array.of(0x20010db8, 0, number >>> 16, number)

test('an address and a port find the same session again, other ports and addresses others', () => {
  const sessions = table(100)
  const one = sessions.find(address(1), 1000, 1)
  assert.is(sessions.find(address(1), 1000, 2), one)
  assert.is.not(sessions.find(address(1), 1001, 2), one)
  assert.is.not(sessions.find(address(2), 1000, 2), one)
  assert.is(sessions.find(address(1), 1000, 3), one)
  assert.is(sessions.find(address(1), 1001, 3).exporter, one.exporter)
})

test('every one of ten thousand sessions is found again, after others were removed too', () => {
  const sessions = table(20_000)
  const all = Array.from({ length: 10_000 }, (_, i) => sessions.find(address(i), i & 7, 1))
  for (let i = 0; i < all.length; i += 3) sessions.remove(all[i]!)
  assert.is(sessions.count, all.filter((session) => !session.isForgotten).length)
  for (let i = 0; i < all.length; i++) {
    const found = sessions.find(address(i), i & 7, 2)
    if (i % 3 === 0) assert.is.not(found, all[i])
    else assert.is(found, all[i])
  }
  assert.is(sessions.count, 10_000)
})

test('when there is no room the longest silent goes first, those that announced templates last', () => {
  const forgotten: string[] = []
  const sessions = table(3, forgotten)
  const spoke = (number: number, nowMs: number) => {
    const session = sessions.find(address(number), 1, nowMs)
    sessions.domain(session, 9, 0, 'datagrams')
    return session
  }
  sessions.teach(spoke(1, 0))
  spoke(2, 10)
  spoke(3, 20)
  spoke(2, 5_000)
  spoke(4, 6_000)
  spoke(5, 7_000)
  assert.equal(forgotten, ['2001:db8::3:1', '2001:db8::2:1'])
  assert.is(sessions.count, 3)
  assert.is(sessions.evicted, 2)
  assert.is(sessions.exporters.size, 3)
})

test('domains of one session are bounded', () => {
  const sessions = table(1000)
  const session = sessions.find(address(1), 1, 0)
  for (let id = 0; id < 5000; id++) sessions.domain(session, 9, id, 'datagrams')
  assert.ok(session.domains.size <= 1024)
  assert.is(sessions.domainCount, session.domains.size)
})

test('sFlow agents are bounded by session and in all, but the first of a session has room', () => {
  const sessions = table(100)
  const fill = (number: number) => {
    const session = sessions.find(address(number), 1, 0)
    let agents = 0
    while (sessions.hasAgentRoom(session)) {
      sessions.addAgent(session, newAgent(address(agents), agents++, 5, session.exporter.sequences))
    }
    return agents
  }
  assert.equal([fill(1), fill(2), fill(3), fill(4), fill(5), fill(6)], [64, 64, 64, 8, 1, 1])
  sessions.remove(sessions.find(address(1), 1, 0))
  assert.is(sessions.agentCount, 138)
  assert.is(fill(7), 62)
})

test('silent sessions are forgotten by the sweep, and speaking ones are not', () => {
  const sessions = table(100)
  const { expireMs } = DEFAULT_LIMITS
  sessions.find(address(1), 1, 0)
  const other = sessions.find(address(2), 1, 0)
  sessions.find(address(2), 1, expireMs)
  sessions.sweep(expireMs + 10)
  assert.is(sessions.count, 1)
  assert.is(sessions.find(address(2), 1, expireMs + 20), other)
})

test.run()

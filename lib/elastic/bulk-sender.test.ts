import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { SILENT } from '../diagnostics/log.ts'
import type { BulkBatch } from './bulk-batch.ts'
import { BulkSender, type BulkSenderOptions } from './bulk-sender.ts'
import type { Reply, Transport } from './transport.ts'

const test = suite('bulk-sender')

/** Items of two lines each, the document being `{"n":i}`. */
function batchOf(count: number): BulkBatch {
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  let text = ''
  for (let i = 0; i < count; i++) {
    starts[i] = text.length
    text += `{"create":{"_id":"${i}"}}\n{"n":${i}}\n`
    ends[i] = text.length
  }
  return { octets: Buffer.from(text), starts, ends, count }
}

const idsOf = (body: Uint8Array | string): number[] =>
  [
    ...Buffer.from(body)
      .toString()
      .matchAll(/"n":(\d+)/g),
  ].map(([, n]) => Number(n))

const ok = (ids: readonly number[], status = 201): Reply =>
  reply(200, { errors: false, items: ids.map(() => item(status)) })
const item = (status: number, error?: unknown) => ({
  create: { status, ...(error === undefined ? {} : { error }) },
})
const reply = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

/** A server that answers what it is told, one after the other, and then that all is well. */
function serverOf(...answers: ((ids: number[]) => Reply)[]): Transport & { readonly seen: number[][] } {
  const seen: number[][] = []
  return {
    name: 'test',
    seen,
    async send({ body }) {
      const ids = idsOf(body!)
      seen.push(ids)
      return (answers.shift() ?? ok)(ids)
    },
    async close() {},
  }
}

function senderOf(transports: Transport[], options: Partial<BulkSenderOptions> = {}) {
  const rejected: string[] = []
  const sender = new BulkSender({
    transports,
    workers: 1,
    isBalanced: true,
    backoffInitMs: 1,
    backoffMaxMs: 4,
    compress: null,
    parameters: '',
    onRejected: (batch, i, status, reason) =>
      rejected.push(`${status} ${idsOf(batch.octets.subarray(batch.starts[i]!, batch.ends[i]!))} ${reason}`),
    log: SILENT,
    ...options,
  })
  return { sender, rejected }
}

const never = new AbortController().signal

test('items that are stored, or were there before, are done', async () => {
  const server = serverOf((ids) =>
    reply(200, { errors: true, items: ids.map((id) => item(id === 1 ? 409 : 201)) }),
  )
  const { sender } = senderOf([server])
  await sender.send(batchOf(3), never)
  assert.equal(server.seen, [[0, 1, 2]])
  assert.is(sender.counts.acknowledged, 3)
  assert.is(sender.counts.duplicates, 1)
})

test('items of which the failure store took care are done, and counted', async () => {
  const server = serverOf((ids) =>
    reply(200, {
      errors: true,
      items: ids.map((id) => ({ create: { status: 201, ...(id === 2 ? { failure_store: 'used' } : {}) } })),
    }),
  )
  const { sender, rejected } = senderOf([server])
  await sender.send(batchOf(4), never)
  assert.equal([sender.counts.acknowledged, sender.counts.failureStore, rejected.length], [4, 1, 0])
})

test('only the items that failed are sent again, in order', async () => {
  const server = serverOf((ids) =>
    reply(200, { errors: true, items: ids.map((id) => item(id % 2 === 0 ? 201 : id === 1 ? 429 : 503)) }),
  )
  const { sender } = senderOf([server])
  await sender.send(batchOf(6), never)
  assert.equal(server.seen, [
    [0, 1, 2, 3, 4, 5],
    [1, 3, 5],
  ])
  assert.is(sender.counts.acknowledged, 6)
  assert.is(sender.counts.throttled, 1)
})

test('batches arrive in the order in which they came, also those that failed first', async () => {
  const fail = () => reply(503, '')
  const partly = (ids: number[]) =>
    reply(200, { errors: true, items: ids.map((id) => item(id === 2 ? 429 : 201)) })
  const server = serverOf(fail, partly, fail)
  const { sender } = senderOf([server])
  const counts = [3, 4, 5]
  await Promise.all(counts.map((count) => sender.send(batchOf(count), never)))
  assert.equal(
    server.seen.map((ids) => ids.length),
    [3, 3, 1, 1, 4, 5],
  )
  assert.is(sender.counts.acknowledged, 12)
})

test('an answer that all is stored settles as many items as were sent, not one more or less', async () => {
  for (const said of [1, 2, 4]) {
    const server = serverOf(() => ok(Array(said).fill(0)))
    const { sender } = senderOf([server])
    await sender.send(batchOf(2), never)
    assert.is(sender.counts.acknowledged, 2)
    assert.is(server.seen.length, said === 2 ? 1 : 3)
  }
})

test('items refused for good are handed over with the reason and not sent again', async () => {
  const error = { type: 'document_parsing_exception', reason: 'no' }
  const server = serverOf((ids) =>
    reply(200, { errors: true, items: ids.map((id) => (id === 1 ? item(400, error) : item(201))) }),
  )
  const { sender, rejected } = senderOf([server])
  await sender.send(batchOf(3), never)
  assert.equal(rejected, [`400 1 ${JSON.stringify(error)}`])
  assert.is(sender.counts.acknowledged, 2)
  assert.is(server.seen.length, 1)
})

test('a body that is too large is halved until it fits; one document that does not fit is refused', async () => {
  const answer = (ids: number[]) => (ids.length > 2 || ids.includes(4) ? reply(413, '') : ok(ids))
  const server = serverOf(...Array.from({ length: 20 }, () => answer))
  const { sender, rejected } = senderOf([server])
  await sender.send(batchOf(5), never)
  assert.equal(server.seen, [[0, 1, 2, 3, 4], [0, 1], [2, 3, 4], [2], [3, 4], [3], [4]])
  assert.is(rejected.length, 1)
  assert.is(sender.counts.acknowledged, 4)
})

test('no reply, a wrong status and a reply that is none lead to another attempt', async () => {
  const server = serverOf(
    () => {
      throw new Error('connection reset')
    },
    () => reply(503, '', { 'retry-after': '0' }),
    () => reply(200, '<html>'),
    () => reply(200, { items: 5 }),
    () => reply(202, {}),
    () => reply(400, { error: { reason: 'odd' } }),
  )
  const { sender } = senderOf([server])
  await sender.send(batchOf(2), never)
  assert.is(server.seen.length, 7)
  assert.is(sender.counts.acknowledged, 2)
  assert.is(sender.counts.failedRequests, 6)
})

test('items of which a reply says nonsense are sent again', async () => {
  const server = serverOf((ids) =>
    reply(200, { items: [item(201), null, { create: { status: 'x' } }].slice(0, ids.length) }),
  )
  const { sender } = senderOf([server])
  await sender.send(batchOf(3), never)
  assert.equal(server.seen[1], [1, 2])
})

test('a reply about more or fewer items settles none: halves are asked about until each is clear', async () => {
  const short = (ids: number[]) => reply(200, { items: ids.slice(1).map((id) => item(id === 1 ? 400 : 201)) })
  const long = (ids: number[]) => reply(200, { items: [...ids, 0].map(() => item(201)) })
  const server = serverOf(short, long)
  const { sender, rejected } = senderOf([server])
  await sender.send(batchOf(4), never)
  assert.equal(server.seen, [[0, 1, 2, 3], [0, 1], [0], [1], [2, 3]])
  assert.is(sender.counts.acknowledged, 4)
  assert.equal(rejected, [])
})

test('a right that is missing for an index ends it, a closed index is waited for', async () => {
  const closed = serverOf((ids) =>
    reply(200, { items: ids.map(() => item(403, { type: 'cluster_block_exception', reason: 'read-only' })) }),
  )
  const { sender, rejected } = senderOf([closed])
  await sender.send(batchOf(2), never)
  assert.is(sender.counts.acknowledged, 2)
  assert.equal(rejected, [])
  const forbidden = serverOf((ids) =>
    reply(200, { items: ids.map(() => item(403, { type: 'security_exception', reason: 'unauthorized' })) }),
  )
  const error = await senderOf([forbidden])
    .sender.send(batchOf(2), never)
    .catch((reason: unknown) => reason)
  assert.match((error as FlowError).message, 'refuses the credentials (unauthorized); nothing was lost')
})

test('wrong credentials end it at once', async () => {
  for (const status of [401, 403]) {
    const { sender } = senderOf([
      serverOf(() => reply(status, { error: { reason: 'missing\nauthentication' } })),
    ])
    let error: unknown
    await sender.send(batchOf(1), never).catch((caught: unknown) => {
      error = caught
    })
    assert.instance(error, FlowError)
    assert.match((error as FlowError).message, `refuses the credentials (${status}: missing authentication)`)
  }
})

test('a second server takes over from one that fails, and load is shared where asked', async () => {
  const dead: Transport & { count: number } = {
    name: 'dead',
    count: 0,
    async send() {
      this.count++
      throw new Error('refused')
    },
    async close() {},
  }
  for (const isBalanced of [false, true]) {
    dead.count = 0
    const server = serverOf()
    const { sender } = senderOf([dead, server], { isBalanced, backoffInitMs: 2000, backoffMaxMs: 4000 })
    for (let i = 0; i < 5; i++) await sender.send(batchOf(2), never)
    assert.is(dead.count, 1)
    assert.is(server.seen.length, 5)
  }
})

test('not more requests than allowed are under way, and fewer after the server was too busy', async () => {
  let active = 0
  let most = 0
  let isBusy = true
  const slow: Transport = {
    name: 'slow',
    async send({ body }) {
      active++
      most = Math.max(most, active)
      await new Promise((resolve) => setTimeout(resolve, 2))
      active--
      return isBusy ? reply(429, '') : ok(idsOf(body!))
    },
    async close() {},
  }
  const { sender } = senderOf([slow], { workers: 4 })
  const all = Array.from({ length: 12 }, () => sender.send(batchOf(1), never))
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.is(most, 4)
  most = 0
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.ok(most <= 2, `${most} at a time`)
  isBusy = false
  await Promise.all(all)
  assert.is(sender.counts.acknowledged, 12)
})

test('the signal ends all waiting', async () => {
  const server: Transport = { name: 'x', send: () => Promise.reject(new Error('down')), async close() {} }
  const { sender } = senderOf([server], { backoffInitMs: 60_000, backoffMaxMs: 60_000 })
  const end = new AbortController()
  const sent = sender.send(batchOf(1), end.signal).then(
    () => 'sent',
    () => 'ended',
  )
  setTimeout(() => end.abort(), 10)
  assert.is(await sent, 'ended')
})

test.run()

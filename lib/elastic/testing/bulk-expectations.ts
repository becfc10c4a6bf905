import * as assert from 'uvu/assert'
import type { Transport } from '../transport.ts'

/** What a bulk API must do for us, of the test server and of real ones alike; `index` is new to the server. */
export interface Expectation {
  readonly says: string
  readonly check: (ask: Bulk, index: string) => Promise<void>
}

interface ItemResult {
  readonly status: number
  readonly error?: { readonly type: string; readonly reason: string }
}

interface BulkAnswer {
  readonly status: number
  readonly errors: boolean | undefined
  readonly items: readonly ItemResult[]
  readonly body: string
}

type Bulk = (body: string, query?: string, headers?: Readonly<Record<string, string>>) => Promise<BulkAnswer>

const FILTER = '?filter_path=errors,items.*.error,items.*.status,items.*.failure_store'
const action = (index: string, id: string, op = 'create') =>
  JSON.stringify({ [op]: { _index: index, _id: id } })
const document = (n: number) => JSON.stringify({ '@timestamp': '2026-11-21T10:00:00.000Z', n })

/** Asks a server's bulk API through a transport. */
export function newBulk(transport: Transport): Bulk {
  return async (body, query = '', headers = { 'content-type': 'application/x-ndjson' }) => {
    const reply = await transport.send({ method: 'POST', path: `/_bulk${query}`, headers, body })
    let parsed: { errors?: boolean; items?: Record<string, ItemResult>[] } = {}
    try {
      parsed = JSON.parse(reply.body)
    } catch {
      // Some answers have no JSON.
    }
    const items = (parsed.items ?? []).map((item) => Object.values(item)[0]!)
    return { status: reply.status, errors: parsed.errors, items, body: reply.body }
  }
}

export const EXPECTATIONS: readonly Expectation[] = [
  {
    says: 'a document is created once, and its repeat is a 409 beside others that are created',
    async check(bulk, index) {
      const first = await bulk(`${action(index, 'a')}\n${document(1)}\n`)
      assert.equal([first.status, first.errors, first.items[0]?.status], [200, false, 201])
      const again = await bulk(
        `${action(index, 'a')}\n${document(1)}\n${action(index, 'b')}\n${document(2)}\n`,
      )
      assert.is(again.errors, true)
      assert.equal(
        again.items.map(({ status }) => status),
        [409, 201],
      )
      assert.is(again.items[0]?.error?.type, 'version_conflict_engine_exception')
    },
  },
  {
    says: 'the reply holds what filter_path names, items in the order of the request',
    async check(bulk, index) {
      await bulk(`${action(index, 'c')}\n${document(1)}\n`, FILTER)
      const { body, items } = await bulk(
        `${action(index, 'd')}\n${document(1)}\n${action(index, 'c')}\n${document(1)}\n`,
        FILTER,
      )
      assert.equal(
        items.map(({ status }) => status),
        [201, 409],
      )
      assert.equal(Object.keys(JSON.parse(body)), ['errors', 'items'])
      assert.equal(JSON.parse(body).items[0], { create: { status: 201 } })
    },
  },
  {
    says: 'a document that is no JSON is refused by itself',
    async check(bulk, index) {
      const { status, items } = await bulk(
        `${action(index, 'e')}\n{"@timestamp":\n${action(index, 'f')}\n${document(1)}\n`,
      )
      assert.is(status, 200)
      assert.equal(
        items.map((item) => item.status),
        [400, 201],
      )
      assert.match(items[0]?.error?.type ?? '', /parsing_exception$/)
    },
  },
  {
    says: 'a body without a line feed at its end is refused as a whole, as is none',
    async check(bulk, index) {
      const cut = await bulk(`${action(index, 'g')}\n${document(1)}`)
      assert.is(cut.status, 400)
      assert.match(cut.body, 'must be terminated by a newline')
      assert.is((await bulk('')).status, 400)
    },
  },
  {
    says: 'an action that is none refuses the whole body',
    async check(bulk, index) {
      const { status, body } = await bulk(`{"creat":{"_index":"${index}"}}\n${document(1)}\n`)
      assert.is(status, 400)
      // The words for it change from server to server.
      assert.match(body, 'exception')
    },
  },
  {
    says: 'a body of a kind that is not known is refused',
    async check(bulk, index) {
      const { status } = await bulk(`${action(index, 'h')}\n${document(1)}\n`, '', {
        'content-type': 'text/plain',
      })
      assert.ok(status === 406 || status === 415, String(status))
    },
  },
  {
    says: 'the pipeline _none is no pipeline',
    async check(bulk, index) {
      const meta = JSON.stringify({ create: { _index: index, pipeline: '_none', _id: 'i' } })
      assert.is((await bulk(`${meta}\n${document(1)}\n`)).items[0]?.status, 201)
    },
  },
]

/** What holds of data streams; `index` is one that a template with `data_stream` is for. */
export const STREAM_EXPECTATIONS: readonly Expectation[] = [
  {
    says: 'a data stream takes documents by create only',
    async check(bulk, index) {
      const { items } = await bulk(
        `${action(index, 'a', 'index')}\n${document(1)}\n${action(index, 'a')}\n${document(1)}\n`,
      )
      assert.equal(
        items.map(({ status }) => status),
        [400, 201],
      )
      assert.match(items[0]?.error?.reason ?? '', 'only write ops with an op_type of create are allowed')
    },
  },
  {
    says: 'a data stream wants a time, and knows each id once',
    async check(bulk, index) {
      const { items } = await bulk(
        `${action(index, 'b')}\n{"n":1}\n${action(index, 'c')}\n${document(1)}\n${action(index, 'c')}\n${document(1)}\n`,
      )
      assert.equal(
        items.map(({ status }) => status),
        [400, 201, 409],
      )
    },
  },
]

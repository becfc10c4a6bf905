/** What became of one item. */
export type ItemOutcome =
  /** Stored, or it was there before. */
  | { readonly kind: 'done'; readonly isDuplicate: boolean; readonly isFailureStore: boolean }
  /** To be sent again; `isThrottled` says that the server is too busy. */
  | { readonly kind: 'retry'; readonly isThrottled: boolean }
  /** The credentials may not store it: those are to be set right, not the document. */
  | { readonly kind: 'forbidden'; readonly reason: string }
  /** The server will never take it. */
  | { readonly kind: 'rejected'; readonly status: number; readonly reason: string }

/** The reply to which almost all are equal, in the order in which servers write it. */
const STORED_HEAD = '{"errors":false,"items":['
const STORED_ITEM = '{"create":{"status":201}}'
let stored = { count: 0, body: `${STORED_HEAD}]}` }

/** Whether a reply says of every item that it is stored, and nothing else. */
function isAllStored(body: string, count: number): boolean {
  if (body.length !== STORED_HEAD.length + (STORED_ITEM.length + 1) * count + 1) return false
  if (stored.count !== count) {
    stored = { count, body: `${STORED_HEAD}${Array(count).fill(STORED_ITEM).join(',')}]}` }
  }
  return body === stored.body
}

/**
 * What a bulk reply says of each of `count` items, `stored` where that is all it says of any; null where the reply is
 * none. `unclear` where it speaks of more or of fewer: then nobody knows which of them is which.
 */
export function readBulkResponse(body: string, count: number): ItemOutcome[] | 'stored' | 'unclear' | null {
  if (isAllStored(body, count)) return 'stored'
  let reply: unknown
  try {
    reply = JSON.parse(body)
  } catch {
    return null
  }
  if (!isObject(reply)) return null
  const { items } = reply
  if (!Array.isArray(items)) return null
  return items.length === count ? items.map(outcomeOf) : 'unclear'
}

const RETRY: ItemOutcome = { kind: 'retry', isThrottled: false }
const THROTTLED: ItemOutcome = { kind: 'retry', isThrottled: true }
const DONE: ItemOutcome = { kind: 'done', isDuplicate: false, isFailureStore: false }
const DUPLICATE: ItemOutcome = { kind: 'done', isDuplicate: true, isFailureStore: false }
const FAILURE_STORE: ItemOutcome = { kind: 'done', isDuplicate: false, isFailureStore: true }

function outcomeOf(item: unknown): ItemOutcome {
  // One member, named after the action: create, or index.
  const result = isObject(item) ? Object.values(item)[0] : undefined
  if (!isObject(result)) return RETRY
  const { status, error, failure_store: failureStore } = result
  if (typeof status !== 'number') return RETRY
  if (status >= 200 && status < 300) return failureStore === 'used' ? FAILURE_STORE : DONE
  if (status === 409) return DUPLICATE
  if (status === 429) return THROTTLED
  if (status < 300 || status >= 500) return RETRY
  if (status === 401 || status === 403) {
    const { type, reason } = isObject(error) ? error : {}
    if (type === 'security_exception') return { kind: 'forbidden', reason: String(reason) }
    // An index is closed to writers, or the disk is full: until somebody changes that.
    if (type === 'cluster_block_exception') return THROTTLED
  }
  return { kind: 'rejected', status, reason: JSON.stringify(error ?? null) }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

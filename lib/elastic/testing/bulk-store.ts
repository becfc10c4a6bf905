/** What a test server holds, and how it answers a bulk body: as Elasticsearch and OpenSearch do, checked against both. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

interface Template {
  readonly index_patterns: readonly string[]
  readonly data_stream?: unknown
  readonly priority?: number
  readonly composed_of?: readonly string[]
}

interface Item {
  readonly action: string
  readonly index: string
  readonly id: string
  readonly document: string
}

/** An answer to one item, without its action. */
export type ItemReply = Readonly<Record<string, unknown>> & { readonly status: number }

export class BulkStore {
  /** Documents by index and id. */
  readonly documents = new Map<string, string>()
  /** Things that have names, by path: component templates, index templates, policies. */
  readonly named = new Map<string, unknown>()
  /** Repeats that were stopped. */
  duplicates = 0
  #ids = 0

  /** `refuses` gives status and error of a document that is not taken. */
  bulk(
    text: string,
    refuses: (document: string) => { status: number; error: unknown } | null,
    replaces: (item: number) => ItemReply | null,
  ): Answer {
    if (text === '') return invalid('parse_exception', 'request body is required')
    if (!text.endsWith('\n')) {
      return invalid('illegal_argument_exception', 'The bulk request must be terminated by a newline [\\n]')
    }
    const parsed = parseItems(text)
    if ('status' in parsed) return parsed
    const items = parsed.items.map((item, i) => {
      const reply = replaces(i) ?? this.#take(item, refuses(item.document))
      return { [item.action]: { _index: item.index, _id: item.id, ...reply } }
    })
    const errors = items.some((item) => 'error' in Object.values(item)[0]!)
    return { status: 200, body: { took: 1, errors, items } }
  }

  #take({ action, index, id, document }: Item, refusal: ItemReply | null): ItemReply {
    if (refusal !== null) return refusal
    const isStream = this.isStream(index)
    if (isStream && action !== 'create') {
      return refused(
        'illegal_argument_exception',
        'only write ops with an op_type of create are allowed in data streams',
      )
    }
    const fields = parsedObject(document)
    if (fields === null) return refused('document_parsing_exception', 'failed to parse')
    if (isStream && typeof fields['@timestamp'] !== 'string') {
      return refused('document_parsing_exception', 'data stream timestamp field [@timestamp] is missing')
    }
    const key = `${index} ${id || `made-${this.#ids++}`}`
    if (action === 'create' && this.documents.has(key)) {
      this.duplicates++
      return {
        status: 409,
        error: {
          type: 'version_conflict_engine_exception',
          reason: `[${id}]: version conflict, document already exists (current version [1])`,
        },
      }
    }
    this.documents.set(key, document)
    return { result: 'created', _version: 1, status: 201 }
  }

  /** Whether an index of this name is a data stream: its template says. */
  isStream(index: string): boolean {
    let best: Template | null = null
    for (const [path, value] of this.named) {
      if (!path.startsWith('/_index_template/')) continue
      const template = value as Template
      const isFor = template.index_patterns.some((pattern) => matches(pattern, index))
      if (isFor && (best === null || (template.priority ?? 0) > (best.priority ?? 0))) best = template
    }
    return best?.data_stream !== undefined
  }
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(name)
}

/** Actions and documents; an answer where the body is none. */
function parseItems(text: string): { items: Item[] } | Answer {
  const lines = text.split('\n')
  const items: Item[] = []
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const line = parsedObject(lines[i]!)
    const [action, meta] = Object.entries(line ?? {})[0] ?? []
    if (action === undefined || !['create', 'index'].includes(action)) {
      return invalid(
        'illegal_argument_exception',
        `Malformed action/metadata line [${i + 1}], expected START_OBJECT or END_OBJECT`,
      )
    }
    const { _index: index, _id: id } = meta as { _index?: string; _id?: string }
    if (index === undefined) return invalid('action_request_validation_exception', 'index is missing')
    if (i + 2 >= lines.length) {
      return invalid('illegal_argument_exception', `The bulk request lacks the source of line [${i + 1}]`)
    }
    items.push({ action, index, id: id ?? '', document: lines[i + 1]! })
  }
  return { items }
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

const refused = (type: string, reason: string): ItemReply => ({ status: 400, error: { type, reason } })

/** A whole request that is not taken. */
export function invalid(type: string, reason: string, status = 400): Answer {
  return { status, body: { error: { root_cause: [{ type, reason }], type, reason }, status } }
}

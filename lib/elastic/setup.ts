import { FlowError } from '../diagnostics/flow-error.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import { errorReason } from './error-reason.ts'
import {
  CURRENT,
  MANAGED_BY,
  markedBody,
  planSetup,
  type ServerKind,
  type SetupItem,
  type SetupOptions,
} from './setup-plan.ts'
import type { Reply, Transport } from './transport.ts'

/** What became of one thing that should be on the server. */
export interface SetupStep {
  readonly item: Pick<SetupItem, 'kind' | 'name'>
  /** `left`: it is there, and not of our making. */
  readonly outcome: 'made' | 'changed' | 'unchanged' | 'left'
}

/** What setup did. */
export interface SetupResult {
  readonly server: ServerKind
  readonly steps: readonly SetupStep[]
  /** Plain indices that have the names of data streams: these cannot be made as long as those are there. */
  readonly plainIndices: readonly string[]
}

/**
 * Puts lifecycle and templates on a server, and finds out what it can do on the way; what is there already stays, and what
 * somebody else made too unless `isForced`. Throws SERVER_REFUSED with the privilege that is missing or the server's
 * reason, and SERVER_UNREACHABLE.
 */
export async function setUpServer(
  transport: Transport,
  options: SetupOptions,
  isForced: boolean,
): Promise<SetupResult> {
  const setup = new Setup(transport, isForced)
  let server: ServerKind = { ...CURRENT, hasDataStreams: await setup.hasDataStreams() }
  server = { ...server, ...(await setup.lifecycle(server, options)) }
  const steps: SetupStep[] = []
  for (let i = 0; ; ) {
    const plan = planSetup(options, server)
    const item = plan[i]
    if (item === undefined) break
    const outcome = await setup.put(item)
    if (outcome === 'unknown setting') {
      server = { ...server, hasCodec: false }
      continue
    }
    if (outcome === 'unknown type') {
      // Nothing that names a type is there yet: the plan may change under way.
      server = { ...server, types: server.types === 'constant' ? 'valued' : 'plain' }
      continue
    }
    steps.push({ item, outcome })
    i++
  }
  return { server, steps, plainIndices: server.hasDataStreams ? await setup.plainIndices(options) : [] }
}

const PRIVILEGES: Readonly<Record<SetupItem['kind'], string>> = {
  policy: 'manage_ilm',
  'component template': 'manage_index_templates',
  'index template': 'manage_index_templates',
}

class Setup {
  readonly #transport: Transport
  readonly #isForced: boolean

  constructor(transport: Transport, isForced: boolean) {
    this.#transport = transport
    this.#isForced = isForced
  }

  /** A server that has them knows that there is none of this name, or says that one must not ask. */
  async hasDataStreams(): Promise<boolean> {
    const { status } = await this.#ask('GET', '/_data_stream/logs-weir.none-none')
    return status !== 400 && status !== 405
  }

  /**
   * Which kind of lifecycle the server has. A template that has one of data streams is only tried, not stored: older
   * servers and OpenSearch do not know the word.
   */
  async lifecycle(server: ServerKind, options: SetupOptions): Promise<Pick<ServerKind, 'lifecycle'>> {
    if (server.hasDataStreams) {
      const lifecycle = options.retention === null ? {} : { data_retention: options.retention }
      const body = {
        index_patterns: ['logs-weir.none-none'],
        data_stream: {},
        priority: 1_000_000_001,
        template: { lifecycle },
      }
      const { status } = await this.#ask('POST', '/_index_template/_simulate', body)
      if (status === 403) throw this.#forbidden('manage_index_templates')
      if (status === 200) return { lifecycle: 'stream' }
    }
    const { status, body } = await this.#ask('GET', '/_ilm/policy/weir')
    const hasPolicies =
      status === 200 || status === 403 || (status === 404 && /resource_not_found|^\{\}$/.test(body))
    return { lifecycle: hasPolicies ? 'ilm' : 'none' }
  }

  async put(item: SetupItem): Promise<SetupStep['outcome'] | 'unknown type' | 'unknown setting'> {
    const there = await this.#find(item)
    if (there !== null) {
      if (there['managed_by'] !== MANAGED_BY && !this.#isForced) return 'left'
      if (there['managed_by'] === MANAGED_BY && there['digest'] === item.digest) return 'unchanged'
    }
    const reply = await this.#ask('PUT', item.path, markedBody(item))
    if (reply.status >= 200 && reply.status < 300) return there === null ? 'made' : 'changed'
    if (reply.status === 403) throw this.#forbidden(PRIVILEGES[item.kind])
    if (reply.status === 400 && /index\.codec/.test(reply.body) && 'codec' in indexSettings(item)) {
      return 'unknown setting'
    }
    if (reply.status === 400 && /constant_keyword|match_only_text|required parameter/.test(reply.body)) {
      if (!JSON.stringify(item.body).includes('constant_keyword')) throw this.#refused(item, reply)
      return 'unknown type'
    }
    throw this.#refused(item, reply)
  }

  /** The mark of what has this name, empty if it has none; null where nothing has it. */
  async #find({ kind, name, path }: SetupItem): Promise<Readonly<Record<string, unknown>> | null> {
    const reply = await this.#ask('GET', path)
    if (reply.status === 404) return null
    if (reply.status === 403) throw this.#forbidden(PRIVILEGES[kind])
    if (reply.status !== 200) throw this.#refused({ kind, name }, reply)
    const object = objectOf(reply.body)
    if (object === null) throw this.#refused({ kind, name }, reply)
    return markOf(object, kind, name)
  }

  async plainIndices({ datasets, namespace }: SetupOptions): Promise<string[]> {
    const names: string[] = []
    for (const { dataset } of datasets) {
      const { status, body } = await this.#ask('GET', `/_resolve/index/logs-${dataset}-${namespace ?? '*'}`)
      if (status !== 200) continue
      const { indices = [] } = (objectOf(body) ?? {}) as {
        indices?: { name: string; data_stream?: string }[]
      }
      names.push(...indices.filter((index) => index.data_stream === undefined).map((index) => index.name))
    }
    return names
  }

  async #ask(method: 'GET' | 'PUT' | 'POST', path: string, body?: unknown): Promise<Reply> {
    const { name } = this.#transport
    let reply: Reply
    try {
      reply = await this.#transport.send(
        body === undefined
          ? { method, path }
          : { method, path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      )
    } catch (error) {
      throw new FlowError('SERVER_UNREACHABLE', `${name} cannot be asked: ${reasonOf(error)}`, {
        cause: error,
      })
    }
    if (reply.status === 401) {
      throw new FlowError(
        'SERVER_REFUSED',
        `${name} does not know these credentials (401${errorReason(reply.body)})`,
      )
    }
    return reply
  }

  #forbidden(privilege: string): FlowError {
    return new FlowError(
      'SERVER_REFUSED',
      `${this.#transport.name} forbids it (403): these credentials need the cluster privilege ${privilege}; give it to their role, or use others for setup`,
    )
  }

  #refused({ kind, name }: Pick<SetupItem, 'kind' | 'name'>, { status, body }: Reply): FlowError {
    return new FlowError(
      'SERVER_REFUSED',
      `${this.#transport.name} does not take the ${kind} ${name} (${status}${errorReason(body)})`,
    )
  }
}

/** The settings of indices in a component template; empty where it has none. */
function indexSettings({ body }: SetupItem): object {
  const { template } = body as { template?: { settings?: { index?: object } } }
  return template?.settings?.index ?? {}
}

function objectOf(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** `_meta` of what a reply holds, empty if it has none; null where the reply holds nothing. */
function markOf(
  body: Readonly<Record<string, unknown>>,
  kind: SetupItem['kind'],
  name: string,
): Readonly<Record<string, unknown>> | null {
  type Marked = { _meta?: Record<string, unknown> }
  const reply = body as {
    component_templates?: { component_template: Marked }[]
    index_templates?: { index_template: Marked }[]
  } & Record<string, { policy?: Marked }>
  const found =
    kind === 'component template'
      ? reply.component_templates?.[0]?.component_template
      : kind === 'index template'
        ? reply.index_templates?.[0]?.index_template
        : reply[name]?.policy
  return found === undefined ? null : (found._meta ?? {})
}

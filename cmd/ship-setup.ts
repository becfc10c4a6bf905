import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { mappedFields } from '../lib/ecs/fields-table.ts'
import { type SetupResult, setUpServer } from '../lib/elastic/setup.ts'
import { CURRENT, markedBody, planSetup, type SetupOptions } from '../lib/elastic/setup-plan.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import { openTransports } from './open-transports.ts'
import { print } from './print.ts'
import { type ServerOptions, serverOptions } from './server-flags.ts'
import { isNamespace } from './ship-flags.ts'
import { SHIP_SETUP } from './ship-setup-table.ts'
import { DATASETS } from './ship-table.ts'
import { UsageError } from './usage-error.ts'

/** What `weir ship setup` was asked to do, checked; throws UsageError. */
export function shipSetup(given: GivenFlags): () => Promise<ExitStatus> {
  const flags = new FlagReader(SHIP_SETUP.flags, given)
  const urls = flags.list('to')
  const isForced = flags.boolean('force')
  const options = setupOptions(flags)
  if (flags.boolean('print')) return async () => printPlan(options)
  const servers = serverOptions(flags, urls, process.env)
  return async () => {
    if (urls.length === 0) throw new UsageError('ship setup: no server is named; want --to URL, or --print')
    const result = await setUpFirst(servers, options, isForced)
    return report(result, options)
  }
}

function setupOptions(flags: FlagReader): SetupOptions {
  const namespace = flags.text('namespace') || null
  if (namespace !== null && !isNamespace(namespace)) {
    throw flags.wrong('namespace', namespace, 'lower case, without - and blanks, at most 100 characters')
  }
  return {
    datasets: DATASETS.map((dataset) => ({ dataset, fields: mappedFields(dataset) })),
    namespace,
    retention: retention(flags),
  }
}

const HOUR_MS = 3_600_000

/** In days, or else hours, as Elasticsearch writes them. */
function retention(flags: FlagReader): string | null {
  const text = flags.text('retention')
  if (text === undefined || text === '') return null
  const hours = flags.durationMs('retention') / HOUR_MS
  if (hours < 1 || !Number.isInteger(hours))
    throw flags.wrong('retention', text, 'whole days or hours such as 30d')
  return hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`
}

function printPlan(options: SetupOptions): ExitStatus {
  const items = planSetup(options, CURRENT).map((item) => [`PUT ${item.path}`, markedBody(item)])
  print(`${JSON.stringify(Object.fromEntries(items), null, 2)}\n`)
  return EXIT.done
}

/** Asks one server after the other until one answers. */
async function setUpFirst(
  servers: ServerOptions,
  options: SetupOptions,
  isForced: boolean,
): Promise<SetupResult> {
  const transports = await openTransports(servers)
  try {
    for (const [i, transport] of transports.entries()) {
      try {
        return await setUpServer(transport, options, isForced)
      } catch (error) {
        const isLast = i === transports.length - 1
        if (isLast || !(error instanceof FlowError) || error.code !== 'SERVER_UNREACHABLE') throw error
        process.stderr.write(`weir: ${error.message}\n`)
      }
    }
    throw new Error('no server was asked')
  } finally {
    for (const transport of transports) await transport.close()
  }
}

const WORDS = {
  made: 'made',
  changed: 'changed; data streams that exist take it at their next rollover',
  unchanged: 'unchanged',
  left: 'left: somebody else made it; --force replaces it',
}

/** One line for each thing, and for what the server lacks. */
function report({ steps, server, plainIndices }: SetupResult, { retention }: SetupOptions): ExitStatus {
  for (const { item, outcome } of steps) print(`${item.kind} ${item.name}: ${WORDS[outcome]}\n`)
  const kept = retention === null ? 'nothing is removed' : `removed after ${retention}`
  if (server.lifecycle === 'none') {
    print('lifecycle: none: the server has neither that of data streams nor ILM, nothing is removed by it\n')
  } else {
    print(`lifecycle: ${server.lifecycle === 'ilm' ? 'ILM' : 'of the data streams'}, ${kept}\n`)
  }
  if (!server.hasDataStreams)
    print('data streams: none: the server does not have them, documents go to plain indices\n')
  for (const name of plainIndices) {
    print(`index ${name}: plain, made before: there is no data stream of its name until it is removed\n`)
  }
  const isKept = retention === null || server.lifecycle !== 'none'
  const isDone = isKept && steps.every(({ outcome }) => outcome !== 'left') && plainIndices.length === 0
  return isDone ? EXIT.done : EXIT.badInput
}

import { setFlagsFromString } from 'node:v8'
import { type CollectorState, loadState } from '../lib/decode/state-file.ts'
import type { LimitedLog } from '../lib/diagnostics/log-writer.ts'
import { collectorRoutes } from '../lib/http/routes.ts'
import { type HttpServer, startHttpServer } from '../lib/http/server.ts'
import { giveFreedMemoryBack } from '../lib/receive/freed-memory.ts'
import { bindListener, closeSockets, type ListenSocket } from '../lib/receive/listen.ts'
import { type Listener, parseListenUrls } from '../lib/receive/listen-url.ts'
import { errorOf } from './collect-failure.ts'
import type { CollectOptions } from './collect-flags.ts'
import { askAll, type Lane, type LaneResult, startLane } from './collect-lane.ts'
import type { CollectRun } from './collect-run.ts'
import { type ShipThread, startShipper } from './collect-ship.ts'
import { reloadOnHangup, stopOnSignals } from './collect-signals.ts'
import { openStateFolder, StateKeeper, saveMerged, trySaving } from './collect-state.ts'
import { LaneView } from './collect-view.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { build } from './version.ts'

/** The largest receive buffer that is asked for. */
const RECEIVE_BUFFER_OCTETS = 32 << 20

/** Receives from the network until a signal, or until nobody reads the output any more. */
export async function collectLive(run: CollectRun): Promise<ExitStatus> {
  const { options, control, log } = run
  const startedMs = Date.now()
  // V8 lets garbage lie while the machine has memory; ours is a small part of the work, and the memory is not ours.
  setFlagsFromString('--optimize-for-size')
  // Requests and spooled blocks are large and short-lived.
  if (options.ship !== null) giveFreedMemoryBack()
  const listeners = options.listen.flatMap((url) => parseListenUrls(url))
  const directory = openStateFolder(options, log)
  const sockets = await bindAll(listeners, options)
  const lanes: Lane[] = []
  stopOnSignals(run)
  reloadOnHangup(run, (text) => askAll(lanes, 'remap', text))
  let http: HttpServer | null = null
  let shipper: ShipThread | null = null
  try {
    const view = new LaneView(lanes, control, startedMs)
    http = await serve(run, view)
    log.info('starting weir', { version: build().version })
    await startLanes(run, sockets, directory, lanes)
    // What a crash has left in the spool is repaired by now.
    view.shipper = shipper = startShipper(options, log)
    announce(listeners, sockets, options.receiver, log)
  } catch (error) {
    control.stop()
    await Promise.all(lanes.map((lane) => lane.ended))
    // What a worker has opened it has closed.
    closeSockets(sockets.slice(lanes.length).flat())
    await shipper?.end()
    await http?.close()
    throw error
  }
  process.on('SIGHUP', () => shipper?.reopen())
  return finish(run, lanes, http, directory, shipper)
}

/** Starts a worker for each list of sockets; one alone keeps its state by itself. */
async function startLanes(
  { options, mapping, control, log }: CollectRun,
  sockets: readonly ListenSocket[][],
  directory: string | null,
  lanes: Lane[],
): Promise<void> {
  const isAlone = sockets.length === 1
  const state = isAlone || directory === null ? null : await loadState(directory, log)
  const stateDirectory = isAlone ? directory : null
  const shared = { options, mapping, memory: control.memory, workers: sockets.length, stateDirectory, state }
  for (const [number, own] of sockets.entries()) {
    const start = { ...shared, number, sockets: own }
    lanes.push(await startLane(start, control, log))
  }
}

/** Runs until all workers have ended, and cleans up after them. */
async function finish(
  { control, log }: CollectRun,
  lanes: readonly Lane[],
  http: HttpServer | null,
  directory: string | null,
  shipper: ShipThread | null,
): Promise<ExitStatus> {
  const keeper = directory === null ? null : new StateKeeper(() => save(lanes, directory), log)
  const ticking = setInterval(() => log.tick(), 1000).unref()
  const results: LaneResult[] = await Promise.all(
    lanes.map(async (lane) => {
      const result = await lane.ended
      // One worker is not enough where several were asked for: the service manager starts all of them again.
      control.stop()
      return result
    }),
  )
  log.info('closed receiver')
  const shipped = shipper?.stop().catch((error: Error) => log.error(error.message))
  await keeper?.stop()
  const states = results.map(({ state }) => state).filter((state) => state !== null)
  // Where a worker failed, the last good state is better than one without its part.
  if (directory !== null && lanes.length > 1 && states.length === lanes.length) {
    await trySaving(() => saveMerged(directory, states), log)
  }
  await shipped
  log.info('transporter closed')
  await http?.close()
  if (http !== null) log.info('closed HTTP server')
  clearInterval(ticking)
  log.finish()
  for (const { failure } of results) if (failure !== null) throw errorOf(failure)
  return results.some(({ hasLost }) => hasLost) ? EXIT.failed : EXIT.done
}

async function save(lanes: readonly Lane[], directory: string): Promise<void> {
  if (lanes.length === 1) await lanes[0]!.ask('save')
  else await saveMerged(directory, await askAll<CollectorState>(lanes, 'state'))
}

/** Binds every listener and deals its sockets out to as many workers as the greatest `count` says. */
async function bindAll(listeners: readonly Listener[], options: CollectOptions): Promise<ListenSocket[][]> {
  const byWorker: ListenSocket[][] = []
  try {
    for (const listener of listeners) {
      const bound = await bindListener(listener, {
        sockets: listener.count,
        receiveBufferOctets: options.receiveBufferOctets ?? RECEIVE_BUFFER_OCTETS,
        how: options.receiver === 'dgram' ? 'dgram' : 'best',
      })
      for (const [i, socket] of bound.entries()) {
        byWorker[i] ??= []
        byWorker[i].push(socket)
      }
    }
  } catch (error) {
    closeSockets(byWorker.flat())
    throw error
  }
  return byWorker
}

/** goflow2's line for each URL, and how datagrams are received. */
function announce(
  listeners: readonly Listener[],
  sockets: readonly ListenSocket[][],
  how: CollectOptions['receiver'],
  log: LimitedLog,
): void {
  for (const { scheme, host, port, count, workers, isBlocking, queueSize } of listeners) {
    log.info('starting collection', {
      scheme,
      hostname: host,
      port,
      count,
      workers,
      blocking: isBlocking,
      queue_size: queueSize,
    })
  }
  const all = sockets.flat()
  if (all.some((socket) => socket.how === 'dgram')) {
    const at = [...new Set(all.map(placeOf))].join(' ')
    if (how === 'dgram') log.info('receiving', { by: 'dgram', at, threads: sockets.length })
    else log.warn('recvmmsg cannot be had: receiving by dgram, several times slower', { at })
  } else {
    log.info('receiving', {
      by: 'recvmmsg',
      at: [...new Set(all.map(placeOf))].join(' '),
      threads: sockets.length,
      receive_buffer: Math.min(...all.map((socket) => socket.receiveBufferOctets)),
    })
  }
}

function placeOf(socket: ListenSocket): string {
  if (socket.how === 'dgram') return `${socket.host}:${socket.port}`
  const { localAddress, localPort } = socket
  return localAddress.includes(':') ? `[${localAddress}]:${localPort}` : `${localAddress}:${localPort}`
}

async function serve({ options, log }: CollectRun, view: LaneView): Promise<HttpServer | null> {
  if (options.http === null) return null
  const { host, port, templatesPath } = options.http
  const server = await startHttpServer({ host, port, routes: collectorRoutes(view, templatesPath), log })
  log.info('serving HTTP', { hostname: host, port: server.port })
  return server
}

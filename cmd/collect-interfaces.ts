import { networkInterfaces } from 'node:os'
import { parseAddress } from '../lib/bytes/address.ts'
import { collectorRoutes } from '../lib/http/routes.ts'
import { type HttpServer, startHttpServer } from '../lib/http/server.ts'
import { compilePacketFilter } from '../lib/receive/bpf.ts'
import { dropCaptureRights } from '../lib/receive/capabilities.ts'
import { findInterface } from '../lib/receive/network-interface.ts'
import { type BoundInterface, openInterface } from '../lib/receive/packet-socket.ts'
import { errorOf } from './collect-failure.ts'
import { askAll, type Lane, startLane } from './collect-lane.ts'
import type { CollectRun } from './collect-run.ts'
import { type ShipThread, startShipper } from './collect-ship.ts'
import { reloadOnHangup, stopOnSignals } from './collect-signals.ts'
import { LaneView } from './collect-view.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { PacketOptions } from './packet-flags.ts'
import { build } from './version.ts'

/**
 * Tracks the flows of packets on network interfaces, one worker each, until a signal. The interfaces are opened here and
 * the right to do so given up, before any worker starts.
 */
export async function collectInterfaces(run: CollectRun, packets: PacketOptions): Promise<ExitStatus> {
  const { options, mapping, control, log } = run
  const startedMs = Date.now()
  const opened = packets.interfaces.map((name) => openOne(name, packets))
  if (!dropCaptureRights()) log.warn('the right to capture could not be given up')
  const lanes: Lane[] = []
  stopOnSignals(run)
  reloadOnHangup(run, (text) => askAll(lanes, 'remap', text))
  let http: HttpServer | null = null
  let shipper: ShipThread | null = null
  try {
    const view = new LaneView(lanes, control, startedMs)
    if (options.http !== null) {
      const routes = collectorRoutes(view, '')
      http = await startHttpServer({ ...options.http, routes, log })
      log.info('serving HTTP', { hostname: options.http.host, port: http.port })
    }
    log.info('starting weir', { version: build().version })
    const shared = { options, mapping, memory: control.memory, workers: opened.length }
    for (const [number, bound] of opened.entries()) {
      const start = { ...shared, number, bound, observer: addressOf(bound.name) }
      lanes.push(await startLane(start, control, log))
      log.info('tracking packets', { interface: bound.name, ring: bound.ringOctets })
    }
    // What a crash has left in the spool is repaired by now.
    view.shipper = shipper = startShipper(options, log)
  } catch (error) {
    control.stop()
    await Promise.all(lanes.map((lane) => lane.ended))
    await shipper?.end()
    await http?.close()
    throw error
  }
  process.on('SIGHUP', () => shipper?.reopen())
  const ticking = setInterval(() => log.tick(), 1000).unref()
  const results = await Promise.all(
    lanes.map(async (lane) => {
      const result = await lane.ended
      // One interface is not enough where several were asked for: the service manager starts all of them again.
      control.stop()
      return result
    }),
  )
  log.info('closed interfaces')
  await shipper?.stop().catch((error: Error) => log.error(error.message))
  await http?.close()
  clearInterval(ticking)
  log.finish()
  for (const { failure } of results) if (failure !== null) throw errorOf(failure)
  return results.some(({ hasLost }) => hasLost) ? EXIT.failed : EXIT.done
}

function openOne(name: string, { filter, isPromiscuous, ringOctets }: PacketOptions): BoundInterface {
  const { link } = findInterface(name)
  return openInterface(name, {
    ringOctets,
    isPromiscuous,
    filter: filter === null ? null : compilePacketFilter(filter, link),
  })
}

/** The address that stands for an interface as an observer: its first that is not link-local. */
function addressOf(name: string): Uint32Array | null {
  const known = networkInterfaces()[name] ?? []
  const best = known.find(({ address }) => !/^(fe80:|169\.254\.)/i.test(address)) ?? known[0]
  const words = new Uint32Array(4)
  return best !== undefined && parseAddress(best.address.split('%')[0]!, words) ? words : null
}

import { join } from 'node:path'
import { COLLECT_SHIP_FLAGS, SHIP_WORKERS } from './collect-ship-table.ts'
import { documentOptions } from './document-flags.ts'
import type { FlagReader } from './flag-reader.ts'
import { serverOptions } from './server-flags.ts'
import { deliveryOptions, destinationOptions, type ShipOptions } from './ship-flags.ts'
import { UsageError } from './usage-error.ts'

/** What `weir collect --ship` was asked to do; plain data, so that it can cross threads. Holds secrets. */
export interface CollectShipOptions {
  readonly ship: ShipOptions
  /** Folder of what waits to be sent; null for one that is made and removed: captures are read. */
  readonly spool: string | null
  readonly spoolOctets: number
}

/** What the flags of `--ship` say, null without it; throws UsageError. */
export function collectShipOptions(
  flags: FlagReader,
  rest: {
    readonly isReading: boolean
    readonly stateFolder: string | null
    readonly logLevel: ShipOptions['logLevel']
    readonly logFormat: ShipOptions['logFormat']
  },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): CollectShipOptions | null {
  const urls = flags.list('ship')
  if (urls.length === 0) {
    const stray = COLLECT_SHIP_FLAGS.find(({ name }) => flags.isGiven(name))?.name
    if (stray !== undefined) throw new UsageError(`--${stray} is of use with --ship only`)
    return null
  }
  if (urls.includes('-')) throw flags.wrong('ship', '-', 'URLs; to print documents: --format ecs')
  if (
    flags.text('format') === 'raw' ||
    flags.choice('produce') === 'raw' ||
    flags.choice('goflow2-compat') === 'strict'
  ) {
    throw new UsageError(
      '--ship makes documents of flows: leave out --goflow2-compat strict, --produce raw and --format raw',
    )
  }
  const { isReading, stateFolder, logLevel, logFormat } = rest
  const own = flags.text('spool') || (stateFolder === null ? null : join(stateFolder, 'ship', 'spool'))
  if (own === null && !isReading) {
    throw new UsageError(
      '--ship keeps flows on disk until a server has them: name a folder with --state or --spool',
    )
  }
  return {
    ship: {
      servers: serverOptions(flags, urls, environment),
      isDocumentsOnly: false,
      destination: destinationOptions(flags),
      documents: documentOptions(flags),
      delivery: deliveryOptions(flags, SHIP_WORKERS),
      isFollowing: !isReading,
      scanEveryMs: 250,
      ignoreOlderMs: 0,
      excludeFiles: [],
      maxLagOctets: 0,
      filter: null,
      // What waits and how far it was sent belong together.
      stateFolder: stateFolder ?? flags.text('spool') ?? null,
      rejects: null,
      http: null,
      progress: 'never',
      logLevel,
      logFormat,
    },
    spool: own,
    spoolOctets: flags.octets('spool-size')!,
  }
}

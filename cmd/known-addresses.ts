import type { Log } from '../lib/diagnostics/log.ts'
import { AsDirectory, asFact } from '../lib/enrich/as-facts.ts'
import { type AsTable, loadAsTable } from '../lib/enrich/as-table.ts'
import { BUILT_IN_ATTRIBUTION } from '../lib/enrich/built-in-networks.ts'
import { countryFact } from '../lib/enrich/country-fact.ts'
import { countryOf } from '../lib/enrich/geo-fields.ts'
import type { Networks } from '../lib/enrich/networks.ts'
import { loadNetworks } from '../lib/enrich/networks-file.ts'
import type { RangeTable } from '../lib/enrich/range-table.ts'
import { WatchedMmdb } from '../lib/enrich/watched-mmdb.ts'
import type { AddressFact } from '../lib/flow/address-fact.ts'
import { type AsSource, parseAsSources } from '../lib/flow/as-source.ts'
import { builtInNetworks } from './built-in-networks.ts'
import { UsageError } from './usage-error.ts'

export interface KnownAddressOptions {
  /** `--local`: a file, or `private`, which is the default. */
  readonly local?: string | undefined
  /** `--as`: a database or a table of prefixes. */
  readonly as?: string | undefined
  /** `--as-source`: `auto`, or an order of `user`, `exporter`, `built-in`. */
  readonly asSource?: string | undefined
  /** A City or Country database. */
  readonly country?: string | undefined
}

/** What reports and filters know of addresses beyond the records. */
export interface KnownAddresses {
  readonly networks: Networks
  /** 1 for local addresses. */
  readonly local: AddressFact
  /** `local.net`, `local.name`, `country` and the user's labels, by name. */
  readonly facts: ReadonlyMap<string, AddressFact>
  /** The AS of addresses as asked: `before` goes before the exporter's number, `after` behind it. */
  readonly as: {
    readonly before: AddressFact | null
    readonly exporter: boolean
    readonly after: AddressFact | null
  }
  /** The AS of addresses without the exporter's number, for `as @name`. */
  readonly asOfAddress: AddressFact
  /** Names of systems. */
  readonly systems: AsDirectory
  /** What a footer or page that shows systems or countries owes the makers of the built-in table: it has the names. */
  readonly attribution: typeof BUILT_IN_ATTRIBUTION
}

type Find = AsTable['find']

/** Reads the files that the options name; a FlowError or UsageError says what is wrong with them. */
export function knowAddresses(options: KnownAddressOptions, log: Log): KnownAddresses {
  const order = parseAsSources(options.asSource ?? 'auto')
  if (order === null) {
    const wrong = JSON.stringify(options.asSource)
    throw new UsageError(
      `--as-source ${wrong} is not known; give auto, or an order such as user,exporter,built-in`,
    )
  }
  const user = options.as === undefined ? null : loadAsTable(options.as, log)
  const systems = new AsDirectory(user, builtInNetworks())
  const finds: Readonly<Record<AsSource, Find | null>> = {
    user: user === null ? null : (words, at) => user.find(words, at),
    exporter: null,
    'built-in': builtInFind(),
  }
  const exporterAt = order.indexOf('exporter')
  const chain = (sources: readonly AsSource[]): AddressFact | null => {
    const known = sources.map((source) => finds[source]).filter((find) => find !== null)
    if (known.length === 0) return null
    const name = sources.filter((source) => finds[source] !== null).join(' or ')
    return { ...asFact({ find: firstOf(known) }, systems), name }
  }
  const before = chain(exporterAt < 0 ? order : order.slice(0, exporterAt))
  const after = exporterAt < 0 ? null : chain(order.slice(exporterAt + 1))
  const networks = loadNetworks(options.local ?? 'private')
  const facts = new Map(networks.facts)
  facts.delete('local')
  const countries =
    options.country === undefined ? null : new WatchedMmdb<string>(options.country, countryOf, log)
  if (!facts.has('country')) facts.set('country', countryFact(countries, builtInNetworks()))
  return {
    networks,
    local: networks.facts.get('local')!,
    facts,
    as: { before, exporter: exporterAt >= 0, after },
    asOfAddress: chain(order) ?? asFact({ find: () => 0 }, systems),
    systems,
    attribution: BUILT_IN_ATTRIBUTION,
  }
}

/** The built-in table is unpacked when the first address is looked up. */
function builtInFind(): Find {
  let table: RangeTable | null = null
  return (words, at) => {
    table ??= builtInNetworks().asTable
    return table.find(words, at)
  }
}

function firstOf(finds: readonly Find[]): Find {
  if (finds.length === 1) return finds[0]!
  return (words, at) => {
    for (let i = 0; i < finds.length; i++) {
      const number = finds[i]!(words, at)
      if (number !== 0) return number
    }
    return 0
  }
}

import type { Flag } from './flags.ts'
import { serverFlags } from './server-table.ts'
import { deliveryFlags, destinationFlags } from './ship-table.ts'

/** What ship calls `workers`: goflow2's old `-workers` was something else. */
export const SHIP_WORKERS = 'ship-workers'
const GROUP = 'Shipping (--ship)'

const OWN: readonly Flag[] = [
  {
    name: 'ship',
    group: GROUP,
    value: 'URL,…',
    many: 'list',
    help: 'Send documents to these servers of one cluster, as https://host:9200. No lines are printed then, unless --output or --format is given.',
  },
  {
    name: 'spool',
    group: GROUP,
    value: 'DIR',
    completes: 'directory',
    defaultHelp: 'ship/spool in the state folder',
    help: 'Keep flows here, on disk, until a server has them.',
  },
  {
    name: 'spool-size',
    group: GROUP,
    value: 'SIZE',
    default: '10G',
    help: 'Flows beyond this size are dropped and counted.',
  },
]

/** The flags of `--ship`, for collect's table. */
export const COLLECT_SHIP_FLAGS: readonly Flag[] = [
  ...OWN,
  ...serverFlags(GROUP),
  ...destinationFlags(GROUP),
  ...deliveryFlags(GROUP, SHIP_WORKERS),
]

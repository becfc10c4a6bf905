import type { Preset } from './preset.ts'

/** Columns that people know from nfdump's listings, by our names. */
export const LONG_COLUMNS = [
  'flowStart',
  'flowEnd',
  'protocolIdentifier',
  'sourceAddress',
  'sourceTransportPort',
  'destinationAddress',
  'destinationTransportPort',
  'tcpControlBits',
  'ipClassOfService',
  'packetDeltaCount',
  'octetDeltaCount',
  'ingressInterface',
  'egressInterface',
  'bgpSourceAsNumber',
  'bgpDestinationAsNumber',
  'exporterAddress',
]

export const LIST: Preset = {
  name: 'list',
  summary: 'The flows themselves, a row each.',
  description:
    'As they lie in the inputs, or by --sort. Counters are as exporters sent them. --top (or -n as nfdump has it) ends after so ' +
    'many rows. Rows are passed on while inputs are read, whatever their number; only --sort keeps rows in memory.',
  operand: null,
  flags: [
    {
      name: 'columns',
      value: 'NAME,…',
      defaultHelp: 'times, protocol, addresses, ports, flags, tos, counters, interfaces, AS, exporter',
      help: 'Columns in this order: IANA names of elements, or all for every column that the inputs have.',
    },
  ],
  examples: [
    { says: 'The first ten flows', line: 'weir analyze list --in flows --top 10' },
    {
      says: 'All DNS as CSV',
      line: "weir analyze list 'port 53' --in flows --columns flowStart,sourceAddress,octetDeltaCount --format csv",
    },
    {
      says: 'The longest ago first',
      line: 'weir analyze list --in flows --sort flowStart --top 5 --format ndjson',
    },
  ],
  plan(asked) {
    const columns =
      asked
        .flag('columns')
        ?.split(',')
        .map((name) => name.trim()) ?? null
    return {
      kind: 'rows',
      columns,
      limit: asked.top?.[0] || null,
      sort: asked.sort,
      isAscending: asked.isAscending,
    }
  },
}

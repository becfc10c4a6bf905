import { BUILT_IN_ATTRIBUTION } from '../lib/enrich/built-in-networks.ts'
import { build } from './version.ts'

interface DataSet {
  readonly name: string
  readonly date: string
  readonly licence: string
}

/** Tables of others that the executable carries; NOTICE has their terms. */
const DATA_SETS: readonly DataSet[] = [
  {
    name: 'IANA IPFIX Information Elements 1-482',
    date: '2020-01',
    licence: 'public domain dedication',
  },
  {
    name: 'IANA IPFIX Information Elements 483 and later (RFC 8549, RFC 9487, RFC 9740, RFC 9870)',
    date: '2026-11',
    licence: 'public domain dedication',
  },
  { name: 'logstash-codec-netflow element definitions, a4e9621', date: '2020', licence: 'Apache-2.0' },
  {
    name: BUILT_IN_ATTRIBUTION.name,
    date: BUILT_IN_ATTRIBUTION.date,
    licence: BUILT_IN_ATTRIBUTION.licence,
  },
]

/** What `weir version --json` prints. */
export function describeBuild(): object {
  const { version, commit, date } = build()
  return {
    name: 'weir',
    version,
    build: { commit, date },
    runtime: {
      node: process.versions.node,
      v8: process.versions.v8,
      platform: `${process.platform}-${process.arch}`,
    },
    licence: 'Apache-2.0',
    dataSets: DATA_SETS,
  }
}

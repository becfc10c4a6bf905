/** How a stream's values are stored (FORMAT.md 4). */
export const ENCODING = {
  constant: 0,
  planes: 1,
  runs: 2,
  dictionary: 3,
  delta: 4,
  sub: 5,
  attribute: 6,
  map: 7,
  select: 8,
  family: 9,
  octets: 10,
} as const

export const STREAM_ENTRY_OCTETS = 32
export const PLANE_ENTRY_OCTETS = 16
export const COLUMN_ENTRY_OCTETS = 40
export const BLOCK_FIXED_OCTETS = 96
/** Octets of a block's fixed part that the footer repeats. */
export const BLOCK_STATISTICS_OCTETS = 72
export const FOOTER_BLOCK_OCTETS = 96
export const FOOTER_FRAME_OCTETS = 16
export const DICTIONARY_FIXED_OCTETS = 24
export const INDEX_FIXED_OCTETS = 24
/** Set in a plane's stored length when it is compressed. */
export const ZSTD_BIT = 0x80000000
export const MOST_BLOCK_ROWS = 2 ** 20
/** Values of one stream; lists may have several per row. */
export const MOST_VALUES = 2 ** 26
export const MOST_CODES = 2 ** 24 - 1

/** Record kinds by the number that stands in a block. */
export const RECORD_KINDS = ['flow', 'options', 'counters', 'discard', 'rollup'] as const

/** Kinds of I frames. */
export const INDEX_ADDRESSES = 1
export const INDEX_EXPORTERS = 2
/** Attributes of addresses that ATTR streams use. */
export const ATTRIBUTE_AS = 0
export const ATTRIBUTE_PREFIX = 1
export const ATTRIBUTES = 2

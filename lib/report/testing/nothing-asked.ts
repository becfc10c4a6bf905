import type { Asked } from '../presets/preset.ts'

/** What a report is asked when no flag is given. */
export const NOTHING_ASKED: Asked = {
  by: null,
  sum: null,
  binMs: null,
  top: null,
  isAscending: false,
  per: [],
  sort: null,
  innerSort: null,
  others: null,
  having: null,
  leastShare: null,
  hasShare: false,
  hasCumulative: false,
  fromNs: null,
  toNs: null,
  timeZone: 'UTC',
  filter: null,
  operand: null,
  isForPeople: false,
  flag: () => null,
  isOn: () => false,
}

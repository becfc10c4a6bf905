/** Every input fault a decoder can meet. Add here, in alphabetical order; the text is the metric's label. */
export const ISSUE_CODES = [
  'badLength',
  'datagramTooShort',
  'frameTruncated',
  'heldBackDropped',
  'listMalformed',
  'optionsWithoutScope',
  'recordTruncated',
  'sampleTruncated',
  'setTooLong',
  'setTooShort',
  'templateBadId',
  'templateChanged',
  'templateEmpty',
  'templateTooMany',
  'templateTooManyFields',
  'templateTruncated',
  'templateUnknown',
  'templateZeroLength',
  'unknownSample',
  'unknownSampleRecord',
  'unknownVersion',
  'versionMismatch',
] as const

export type IssueCode = (typeof ISSUE_CODES)[number]

/** Counts of input faults; one per decoder, and one per exporter for those that can be laid at its door. */
export class Issues {
  readonly counts = new Float64Array(ISSUE_CODES.length)
  /** All of them together. */
  total = 0

  /** Counts one more fault of the kind; returns 0, so that a decoder can leave with `return issues.note(…)`. */
  note(code: IssueCode, times = 1): 0 {
    const index = NUMBER.get(code)!
    this.total += times
    this.counts[index] = this.counts[index]! + times
    return 0
  }

  count(code: IssueCode): number {
    return this.counts[NUMBER.get(code)!]!
  }

  /** The faults met so far, in order of code. */
  entries(): [IssueCode, number][] {
    return ISSUE_CODES.map((code, i): [IssueCode, number] => [code, this.counts[i]!]).filter(([, n]) => n > 0)
  }
}

const NUMBER = new Map<IssueCode, number>(ISSUE_CODES.map((code, i) => [code, i]))

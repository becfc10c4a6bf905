import type { DataSets } from './data-sets.ts'
import { SET_KIND } from './data-sets.ts'
import type { Issues } from './issues.ts'
import type { KnownTemplates } from './known-templates.ts'
import type { Origin } from './origin.ts'
import type { Domain, ProtocolCounts } from './session.ts'

/** Template ids below are set ids of other meaning (RFC 7011 §3.4.1, RFC 3954 §5.2). */
const FIRST_ID = 256
const TEMPLATE_KIND = { isOptions: false, scopeCount: 0 } as const

/** Reads Template Sets and Options Template Sets of NetFlow v9 and IPFIX. */
export class TemplateSets {
  readonly #templates: KnownTemplates
  readonly #sets: DataSets
  readonly #issues: Issues

  constructor(templates: KnownTemplates, sets: DataSets, issues: Issues) {
    this.#templates = templates
    this.#sets = sets
    this.#issues = issues
  }

  /** Template Records (RFC 3954 §5.2, RFC 7011 §3.4.1) in `[from, to)`. */
  readTemplates(
    domain: Domain,
    from: number,
    to: number,
    origin: Origin,
    counts: ProtocolCounts,
    nowMs: number,
  ): void {
    const { octets, view } = origin.datagram
    const isIpfix = domain.protocol === 10
    counts.sets[SET_KIND.template]!++
    for (let at = from; to - at >= 4; ) {
      const id = view.getUint16(at)
      const fieldCount = view.getUint16(at + 2)
      at += 4
      if (id === 0 && fieldCount === 0) return // padding
      if (fieldCount === 0) {
        this.#withoutFields(domain, id, isIpfix, false)
        continue
      }
      const end = specifiersEnd(view, at, to, fieldCount, isIpfix)
      if (end < 0) {
        this.#issues.note('templateTruncated')
        return
      }
      this.#learn(domain, id, TEMPLATE_KIND, octets, at, end, nowMs)
      counts.records[SET_KIND.template]!++
      at = end
    }
  }

  /** Options Template Records, v9's with lengths in octets (RFC 3954 §6.1). */
  readNetflow9Options(
    domain: Domain,
    from: number,
    to: number,
    origin: Origin,
    counts: ProtocolCounts,
    nowMs: number,
  ): void {
    const { octets, view } = origin.datagram
    counts.sets[SET_KIND.optionsTemplate]!++
    for (let at = from; to - at >= 6; ) {
      const id = view.getUint16(at)
      const scopeOctets = view.getUint16(at + 2)
      const optionOctets = view.getUint16(at + 4)
      at += 6
      if (id === 0 && scopeOctets === 0) return // padding
      if (((scopeOctets | optionOctets) & 3) !== 0) this.#issues.note('badLength')
      const scopeCount = scopeOctets >> 2
      const end = at + (scopeCount + (optionOctets >> 2)) * 4
      if (end > to) {
        this.#issues.note('templateTruncated')
        return
      }
      if (end === at) this.#issues.note('templateEmpty')
      else this.#learn(domain, id, { isOptions: true, scopeCount }, octets, at, end, nowMs)
      counts.records[SET_KIND.optionsTemplate]!++
      at = end
    }
  }

  /** Options Template Records of IPFIX, with counts of fields (RFC 7011 §3.4.2.2). */
  readIpfixOptions(
    domain: Domain,
    from: number,
    to: number,
    origin: Origin,
    counts: ProtocolCounts,
    nowMs: number,
  ): void {
    const { octets, view } = origin.datagram
    counts.sets[SET_KIND.optionsTemplate]!++
    for (let at = from; to - at >= 4; ) {
      const id = view.getUint16(at)
      const fieldCount = view.getUint16(at + 2)
      at += 4
      if (id === 0 && fieldCount === 0) return // padding
      if (fieldCount === 0) {
        // RFC 7011 §8.1: a withdrawal has no scope count.
        this.#withoutFields(domain, id, true, true)
        continue
      }
      const scopeCount = at + 2 <= to ? view.getUint16(at) : 0
      at += 2
      const end = scopeCount > fieldCount ? -1 : specifiersEnd(view, at, to, fieldCount, true)
      if (end < 0) {
        this.#issues.note('templateTruncated')
        return
      }
      // RFC 7011 §3.4.2.2: the scope count must not be zero. The records are still options, never flows.
      if (scopeCount === 0) this.#issues.note('optionsWithoutScope')
      this.#learn(domain, id, { isOptions: true, scopeCount }, octets, at, end, nowMs)
      counts.records[SET_KIND.optionsTemplate]!++
      at = end
    }
  }

  #learn(
    domain: Domain,
    id: number,
    kind: { readonly isOptions: boolean; readonly scopeCount: number },
    octets: Uint8Array,
    from: number,
    to: number,
    nowMs: number,
  ): void {
    if (id < FIRST_ID) {
      this.#issues.note('templateBadId')
      return
    }
    if (this.#templates.learn(domain, id, kind, octets, from, to, nowMs))
      this.#sets.announce(domain, id, kind.isOptions)
  }

  #withoutFields(domain: Domain, id: number, isIpfix: boolean, isOptions: boolean): void {
    if (!isIpfix) this.#issues.note('templateEmpty')
    else if (id === (isOptions ? 3 : 2)) this.#templates.withdrawAll(domain, isOptions)
    else if (id >= FIRST_ID) this.#templates.withdraw(domain, id)
    else this.#issues.note('templateBadId')
  }
}

/** Where `count` Field Specifiers from `at` end, or -1 where they do not fit; IPFIX's may name an enterprise. */
function specifiersEnd(view: DataView, at: number, to: number, count: number, isIpfix: boolean): number {
  if (!isIpfix) return at + count * 4 <= to ? at + count * 4 : -1
  for (let i = 0; i < count; i++) {
    if (at + 4 > to) return -1
    // RFC 7011 §3.2: the top bit of the element says that an enterprise number follows.
    at += view.getUint8(at) >= 128 ? 8 : 4
  }
  return at <= to ? at : -1
}

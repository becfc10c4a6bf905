import type { Log } from '../diagnostics/log.ts'
import { PROTOCOL } from '../flow/fields.ts'
import { elementOf } from './elements/registry.ts'
import type { Issues } from './issues.ts'
import { RATE_OCTETS, Rates } from './rates.ts'
import type { Domain, Session, TemplateEntry } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { DecodeLimits } from './settings.ts'
import type { Template, TemplateCompiler } from './template.ts'

/** Sessions of one address that are asked for a template; also how many are remembered as teachers. */
const MOST_TEACHERS = 64
/** Layout changes of one template before the log says that two exporters may share a port. */
const FLAPPING = 4
/** RFC 7011 §3.3.1: padding is shorter than a record; more than this many octets of it must be zeros. */
const SHORT_PADDING = 3

/** What a template describes besides its fields. */
export interface TemplateKind {
  readonly isOptions: boolean
  /** In fields, in NetFlow v9 too. */
  readonly scopeCount: number
}

/** The templates of all sessions: announced, withdrawn, taken over from another port of the same address. */
export class KnownTemplates {
  /** Templates taken over from another port, and announcements refused because a bound was reached. */
  adopted = 0
  refused = 0
  /** Field Specifiers of templates in use that no table knows. */
  unknownElements = 0
  readonly #sessions: Sessions
  readonly #compiler: TemplateCompiler
  readonly #limits: DecodeLimits
  readonly #issues: Issues
  readonly #log: Log

  constructor(
    sessions: Sessions,
    compiler: TemplateCompiler,
    limits: DecodeLimits,
    issues: Issues,
    log: Log,
  ) {
    this.#sessions = sessions
    this.#compiler = compiler
    this.#limits = limits
    this.#issues = issues
    this.#log = log
  }

  /** The entry of the template that the data in `[from, to)` are in, or null where it is not known. */
  find(
    domain: Domain,
    id: number,
    octets: Uint8Array,
    from: number,
    to: number,
    nowMs: number,
  ): TemplateEntry | null {
    let entry = domain.lastEntry
    if (domain.lastId !== id || entry === null) {
      const known = domain.templates.get(id)
      if (known === undefined) return this.#adopt(domain, id, octets, from, to, nowMs)
      entry = known
      domain.lastId = id
      domain.lastEntry = entry
    }
    entry.usedMs = nowMs
    if (entry.template === null && !entry.isWithdrawn) this.#compile(domain, id, entry)
    if (entry.isAdopted && !fits(entry.template!, octets, from, to)) {
      this.#sessions.dropTemplate(domain, id)
      return null
    }
    return entry
  }

  /** The compiled template `id` of a domain, or null where there is none in force. */
  current(domain: Domain, id: number): TemplateEntry | null {
    const entry = domain.templates.get(id)
    if (entry === undefined || entry.isWithdrawn) return null
    if (entry.template === null) this.#compile(domain, id, entry)
    return entry.template === null ? null : entry
  }

  /** Takes the Field Specifiers in `[from, to)` of `octets` as template `id`. Returns whether it can be used. */
  learn(
    domain: Domain,
    id: number,
    kind: TemplateKind,
    octets: Uint8Array,
    from: number,
    to: number,
    nowMs: number,
  ): boolean {
    const known = domain.templates.get(id)
    if (known !== undefined && isSame(known, kind) && isSameText(known.specifiers, octets, from, to)) {
      known.announced++
      known.usedMs = nowMs
      if (known.isAdopted) this.#taught(domain.session)
      known.isAdopted = false
      return true
    }
    const specifiers = latin1(octets, from, to)
    if (!this.#isUsable(domain, id, kind, specifiers)) {
      // What came before it no longer describes the data either.
      if (known !== undefined) withdraw(known)
      return false
    }
    return this.#store(domain, id, kind, specifiers, known, nowMs)
  }

  /** Takes a template of the state file back, unless the session has announced another since. */
  restore(domain: Domain, id: number, kind: TemplateKind, specifiers: string, nowMs: number): boolean {
    if (domain.templates.has(id)) return false
    if (!this.#isUsable(domain, id, kind, specifiers)) return false
    return this.#store(domain, id, kind, specifiers, undefined, nowMs)
  }

  /** Withdraws one template (RFC 7011 §8.1): its data are dropped, not held, until it is defined again. */
  withdraw(domain: Domain, id: number): void {
    const entry = domain.templates.get(id)
    if (entry === undefined) return
    withdraw(entry)
    domain.session.exporter.lessons++
  }

  /** Withdraws all templates, or all options templates, of a domain (RFC 7011 §8.1). */
  withdrawAll(domain: Domain, isOptions: boolean): void {
    for (const entry of domain.templates.values()) if (entry.isOptions === isOptions) withdraw(entry)
    domain.session.exporter.lessons++
  }

  /**
   * Takes template `id` over from another port of the same address, for a restarted exporter has a new one: only if
   * all ports that know it agree on its layout and the set in `[from, to)` fits.
   */
  #adopt(
    domain: Domain,
    id: number,
    octets: Uint8Array,
    from: number,
    to: number,
    nowMs: number,
  ): TemplateEntry | null {
    const { session } = domain
    const { exporter } = session
    if (exporter.teachers.length === 0) return null
    if (domain.searchedFor === id && domain.searchedAt === exporter.lessons) return null
    domain.searchedFor = id
    domain.searchedAt = exporter.lessons
    const key = domain.protocol * 2 ** 32 + domain.id
    let found: TemplateEntry | null = null
    let owner: Domain | null = null
    for (const teacher of exporter.teachers) {
      const other = teacher === session ? undefined : teacher.domains.get(key)
      const entry = other?.templates.get(id)
      if (other === undefined || entry === undefined || entry.isWithdrawn) continue
      if (found !== null && !(isSame(found, entry) && found.specifiers === entry.specifiers)) return null
      found = entry
      owner = other
    }
    if (found === null || owner === null) return null
    if (found.template === null) this.#compile(owner, id, found)
    if (
      found.template === null ||
      !fits(found.template, octets, from, to) ||
      domain.isForgotten ||
      !this.#sessions.makeRoom(session, found.specifiers)
    )
      return null
    const entry = newEntry(found, found.specifiers, nowMs)
    entry.template = found.template
    entry.isAdopted = true
    this.#sessions.addTemplate(domain, id, entry)
    this.adopted++
    if (domain.rates === null && owner.rates !== null) this.#adoptRates(domain, owner.rates)
    this.#log.limited('template-adopted', 'exporter has a new port: template taken over', {
      exporter: exporter.address,
      port: session.port,
      from: owner.session.port,
      template: id,
    })
    return entry
  }

  #adoptRates(domain: Domain, known: Rates): void {
    const { session } = domain
    if (!this.#sessions.takeOptionRows(session, known.size, known.size * RATE_OCTETS)) return
    domain.rates = new Rates()
    domain.rates.restore(known.save())
    session.exporter.rateEpoch++
  }

  /** Whether records of the template could be read; notes why not. Reads less than compiling would. */
  #isUsable(domain: Domain, id: number, { scopeCount }: TemplateKind, specifiers: string): boolean {
    const { fieldsPerTemplate } = this.#limits
    if (isPlausible(specifiers, domain.protocol === PROTOCOL.ipfix, fieldsPerTemplate)) return true
    const { protocol } = domain
    const issues = this.#issues
    return this.#compiler.compile(protocol, id, scopeCount, specifiers, issues, fieldsPerTemplate) !== null
  }

  #compile(domain: Domain, id: number, entry: TemplateEntry): void {
    const { fieldsPerTemplate } = this.#limits
    const { scopeCount, specifiers } = entry
    const { protocol } = domain
    const issues = this.#issues
    entry.template = this.#compiler.compile(protocol, id, scopeCount, specifiers, issues, fieldsPerTemplate)
    if (entry.template === null) {
      withdraw(entry)
      return
    }
    for (const { enterprise, element } of entry.template.layout.fields) {
      if (elementOf(enterprise, element) !== undefined) continue
      this.unknownElements++
      // RFC 7011 §9: elements that are not understood must be noted.
      const exporter = domain.session.exporter.address
      this.#log.limited('unknown-element', 'element that no table knows', { exporter, enterprise, element })
    }
  }

  #store(
    domain: Domain,
    id: number,
    kind: TemplateKind,
    specifiers: string,
    known: TemplateEntry | undefined,
    nowMs: number,
  ): boolean {
    const { session } = domain
    if (known !== undefined && !this.#sessions.makeRoom(session, specifiers, known)) {
      // What is remembered no longer describes the data.
      withdraw(known)
      return this.#refuse()
    }
    if (known !== undefined) {
      // RFC 7011 §8.1: over UDP a template may change without withdrawal.
      if (!known.isWithdrawn) this.#noteChange(session, id, known)
      this.#sessions.changeTemplate(domain, known, specifiers)
      known.scopeCount = kind.scopeCount
      known.isOptions = kind.isOptions
      known.isWithdrawn = false
      known.template = null
      known.isAdopted = false
      known.announced++
      known.usedMs = nowMs
    } else {
      if (domain.isForgotten || !this.#sessions.makeRoom(session, specifiers)) return this.#refuse()
      this.#sessions.addTemplate(domain, id, newEntry(kind, specifiers, nowMs))
    }
    this.#taught(session)
    return true
  }

  #refuse(): false {
    this.refused++
    this.#issues.note('templateTooMany')
    return false
  }

  #taught(session: Session): void {
    const { exporter } = session
    exporter.lessons++
    this.#sessions.teach(session)
    const { teachers } = exporter
    const last = teachers.length - 1
    if (last >= 0 && teachers[last] === session) return
    const place = teachers.indexOf(session)
    if (place >= 0) teachers.splice(place, 1)
    else if (teachers.length >= MOST_TEACHERS) teachers.shift()
    teachers.push(session)
  }

  #noteChange(session: Session, id: number, entry: TemplateEntry): void {
    this.#issues.note('templateChanged')
    entry.changed++
    if (entry.changed < FLAPPING) return
    this.#log.limited(
      'template-flapping',
      'template changes again and again: two exporters behind one port?',
      {
        exporter: session.exporter.address,
        port: session.port,
        template: id,
        changes: entry.changed,
      },
    )
  }
}

function newEntry({ isOptions, scopeCount }: TemplateKind, specifiers: string, nowMs: number): TemplateEntry {
  return {
    specifiers,
    scopeCount,
    isOptions,
    isWithdrawn: false,
    template: null,
    usedMs: nowMs,
    announced: 1,
    changed: 0,
    isAdopted: false,
  }
}

function withdraw(entry: TemplateEntry): void {
  entry.isWithdrawn = true
  entry.template = null
  entry.isAdopted = false
}

/** Whether a template in force is of the same kind. */
function isSame(entry: TemplateEntry, { isOptions, scopeCount }: TemplateKind): boolean {
  return !entry.isWithdrawn && entry.isOptions === isOptions && entry.scopeCount === scopeCount
}

/** Whether Field Specifiers are whole, not too many, and of at least one octet together. */
function isPlausible(specifiers: string, isIpfix: boolean, maxFields: number): boolean {
  let fields = 0
  let octets = 0
  let at = 0
  while (at + 4 <= specifiers.length) {
    octets |= specifiers.charCodeAt(at + 2) | specifiers.charCodeAt(at + 3)
    // RFC 7011 §3.2: the enterprise bit.
    at += isIpfix && specifiers.charCodeAt(at) >= 128 ? 8 : 4
    fields++
  }
  return at === specifiers.length && fields <= maxFields && octets > 0
}

/** Whether the content of a set can be whole records of the template and padding. */
export function fits(template: Template, octets: Uint8Array, from: number, to: number): boolean {
  let at = from
  if (!template.isVariable) {
    at += Math.floor((to - from) / template.minimumOctets) * template.minimumOctets
  } else {
    for (let next = at; next >= 0; next = recordEnd(template, octets, at, to)) at = next
  }
  if (at === from) return false
  if (to - at <= SHORT_PADDING) return true
  for (let i = at; i < to; i++) if (octets[i] !== 0) return false
  return true
}

/** The end of the record of a template with variable lengths (RFC 7011 §7) at `at`, or -1 where none fits. */
function recordEnd(template: Template, octets: Uint8Array, at: number, to: number): number {
  if (to - at < template.minimumOctets) return -1
  for (const field of template.layout.fields) {
    let length = field.octets
    if (length === 65535) {
      if (at >= to) return -1
      length = octets[at++]!
      if (length === 255) {
        if (at + 2 > to) return -1
        length = octets[at]! * 256 + octets[at + 1]!
        at += 2
      }
    }
    at += length
    if (at > to) return -1
  }
  return at
}

function isSameText(text: string, octets: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== octets[from + i]) return false
  return true
}

/** Flat text, so that it holds no more memory than its octets. */
function latin1(octets: Uint8Array, from: number, to: number): string {
  return Buffer.from(octets.buffer, octets.byteOffset + from, to - from).toString('latin1')
}

import type { Log } from '../diagnostics/log.ts'
import { elementOf } from './elements/registry.ts'
import type { Issues } from './issues.ts'
import { Rates } from './rates.ts'
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

/** The templates of all sessions: announced, withdrawn, taken over from another port of the same address. */
export class KnownTemplates {
  /** Templates taken over from another port, and announcements refused because a bound was reached. */
  adopted = 0
  refused = 0
  /** Field Specifiers of announced templates that no table knows. */
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
    if (entry.isAdopted && !fits(entry.template!, octets, from, to)) {
      this.#drop(domain, id)
      return null
    }
    return entry
  }

  /** Takes the Field Specifiers in `[from, to)` of `octets` as template `id`. Returns whether it can be used. */
  learn(
    domain: Domain,
    id: number,
    kind: { readonly isOptions: boolean; readonly scopeCount: number },
    octets: Uint8Array,
    from: number,
    to: number,
    nowMs: number,
  ): boolean {
    const { session } = domain
    const known = domain.templates.get(id)
    const current = known?.template
    if (
      known !== undefined &&
      current !== null &&
      current !== undefined &&
      known.isOptions === kind.isOptions &&
      current.scopeCount === kind.scopeCount &&
      isSameText(current.specifiers, octets, from, to)
    ) {
      known.announced++
      known.usedMs = nowMs
      if (known.isAdopted) this.#taught(session)
      known.isAdopted = false
      return true
    }
    const template = this.#compile(domain, id, kind.scopeCount, latin1(octets, from, to))
    if (template === null) {
      // What came before it no longer describes the data either.
      if (known !== undefined) {
        known.template = null
        known.isAdopted = false
      }
      return false
    }
    return this.#store(session, domain, id, kind.isOptions, template, known, nowMs)
  }

  /** Takes a template of the state file back, unless the session has announced another since. */
  restore(
    domain: Domain,
    id: number,
    kind: { readonly isOptions: boolean; readonly scopeCount: number },
    specifiers: string,
    nowMs: number,
  ): boolean {
    if (domain.templates.has(id)) return false
    const template = this.#compile(domain, id, kind.scopeCount, specifiers)
    return (
      template !== null && this.#store(domain.session, domain, id, kind.isOptions, template, undefined, nowMs)
    )
  }

  /** Withdraws one template (RFC 7011 §8.1): its data are dropped, not held, until it is defined again. */
  withdraw(domain: Domain, id: number): void {
    const entry = domain.templates.get(id)
    if (entry === undefined) return
    entry.template = null
    entry.isAdopted = false
    domain.session.exporter.lessons++
  }

  /** Withdraws all templates, or all options templates, of a domain (RFC 7011 §8.1). */
  withdrawAll(domain: Domain, isOptions: boolean): void {
    for (const entry of domain.templates.values()) {
      if (entry.isOptions !== isOptions) continue
      entry.template = null
      entry.isAdopted = false
    }
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
      if (other === undefined || entry === undefined || entry.template === null) continue
      if (found !== null && !isSameTemplate(found, entry)) return null
      found = entry
      owner = other
    }
    const template = found?.template
    if (found === null || owner === null || template === null || template === undefined) return null
    if (!fits(template, octets, from, to) || !this.#hasRoom(session)) return null
    const entry = newEntry(template, found.isOptions, nowMs)
    entry.isAdopted = true
    domain.templates.set(id, entry)
    session.templateCount++
    this.#sessions.templateCount++
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

  #drop(domain: Domain, id: number): void {
    domain.templates.delete(id)
    domain.lastId = -1
    domain.lastEntry = null
    domain.session.templateCount--
    this.#sessions.templateCount--
  }

  #adoptRates(domain: Domain, known: Rates): void {
    const { session } = domain
    if (session.optionRows + known.size > this.#limits.optionRowsPerSession) return
    domain.rates = new Rates()
    domain.rates.restore(known.save())
    session.optionRows += known.size
    session.exporter.rateEpoch++
  }

  #compile(domain: Domain, id: number, scopeCount: number, specifiers: string): Template | null {
    const { protocol } = domain
    return this.#compiler.compile(
      protocol,
      id,
      scopeCount,
      specifiers,
      this.#issues,
      this.#limits.fieldsPerTemplate,
    )
  }

  #store(
    session: Session,
    domain: Domain,
    id: number,
    isOptions: boolean,
    template: Template,
    known: TemplateEntry | undefined,
    nowMs: number,
  ): boolean {
    if (known !== undefined) {
      // RFC 7011 §8.1: over UDP a template may change without withdrawal.
      if (known.template !== null && known.template.layout !== template.layout)
        this.#noteChange(session, id, known)
      known.template = template
      known.isOptions = isOptions
      known.isAdopted = false
      known.announced++
      known.usedMs = nowMs
    } else {
      if (!this.#hasRoom(session)) {
        this.refused++
        this.#issues.note('templateTooMany')
        return false
      }
      domain.templates.set(id, newEntry(template, isOptions, nowMs))
      session.templateCount++
      this.#sessions.templateCount++
    }
    for (const { field, enterprise, element } of template.layout.fields)
      if (field === null && elementOf(enterprise, element) === undefined) this.unknownElements++
    this.#taught(session)
    return true
  }

  #hasRoom(session: Session): boolean {
    const { templatesPerSession, templates } = this.#limits
    return session.templateCount < templatesPerSession && this.#sessions.templateCount < templates
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

function newEntry(template: Template, isOptions: boolean, nowMs: number): TemplateEntry {
  return { template, isOptions, usedMs: nowMs, announced: 1, changed: 0, isAdopted: false }
}

function isSameTemplate(left: TemplateEntry, right: TemplateEntry): boolean {
  return (
    left.isOptions === right.isOptions &&
    left.template!.scopeCount === right.template!.scopeCount &&
    left.template!.specifiers === right.template!.specifiers
  )
}

/** Whether the content of a set can be whole records of the template and padding. */
function fits(template: Template, octets: Uint8Array, from: number, to: number): boolean {
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

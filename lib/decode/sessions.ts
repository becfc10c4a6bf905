import { Sequence, type SequenceUnit } from './sequence.ts'
import { type Domain, Exporter, type Queue, Session, type SflowAgent, type TemplateEntry } from './session.ts'
import type { DecodeLimits } from './settings.ts'
import { SpecifierTexts } from './specifier-texts.ts'

/** Domains of one session; beyond that the oldest goes, the taught last. */
const MOST_DOMAINS = 1_024
/** sFlow agents of one session whose sequence is watched. */
const MOST_AGENTS = 64
/** How far back a session may stand in the order of silence before it is moved up. */
const MOVE_MS = 1_000

export interface SessionsSettings {
  readonly limits: DecodeLimits
  /** Whether sequence numbers that start again are restarts. */
  readonly takesResets: boolean
  /** The user's sampling rate for an address, or 0. */
  readonly overrideOf: (words: Uint32Array) => number
  /** Called when a domain is about to go. */
  readonly forget: (domain: Domain) => void
}

/** Finds the session of a datagram: open addressing over the address and the port, bounded, oldest out first. */
export class Sessions {
  readonly exporters = new Map<string, Exporter>()
  /** Field Specifiers of all templates. */
  readonly texts = new SpecifierTexts()
  templateCount = 0
  /** Of samplers and names of all sessions. */
  optionOctets = 0
  domainCount = 0
  agentCount = 0
  evicted = 0
  count = 0
  readonly #settings: SessionsSettings
  readonly #limits: DecodeLimits
  /** Keeps strangers from choosing addresses that collide. */
  readonly #seed = Math.trunc(Math.random() * 0xffffffff) | 1
  #slots: (Session | undefined)[] = new Array<Session | undefined>(1_024).fill(undefined)
  #mask = 1_023
  #last: Session | null = null
  /** Sessions that announced nothing go before those that did, so that a flood of strangers costs no template. */
  readonly #bare: Queue = { oldest: null, newest: null }
  readonly #taught: Queue = { oldest: null, newest: null }
  #sweepAt = 0

  constructor(settings: SessionsSettings) {
    this.#settings = settings
    this.#limits = settings.limits
  }

  /** The session of an exporter's address and port, made on first call. */
  find(address: Uint32Array, port: number, nowMs: number): Session {
    const last = this.#last
    if (last !== null && last.port === port && isSame(last.exporter.words, address)) {
      last.lastSeenMs = nowMs
      if (nowMs - last.movedMs > MOVE_MS) this.#renew(last, nowMs)
      return last
    }
    const hash = this.#hash(address, port)
    const slots = this.#slots
    let at = hash & this.#mask
    for (let found = slots[at]; found !== undefined; at = (at + 1) & this.#mask, found = slots[at]) {
      if (found.hash !== hash || found.port !== port || !isSame(found.exporter.words, address)) continue
      this.#last = found
      found.lastSeenMs = nowMs
      if (nowMs - found.movedMs > MOVE_MS) this.#renew(found, nowMs)
      return found
    }
    return this.#add(address, port, hash, nowMs)
  }

  /** The domain of a session, made on first call. */
  domain(session: Session, protocol: number, id: number, unit: SequenceUnit): Domain {
    const last = session.lastDomain
    if (last !== null && last.id === id && last.protocol === protocol) return last
    const key = protocol * 2 ** 32 + id
    let domain = session.domains.get(key)
    if (domain === undefined) {
      if (session.domains.size >= MOST_DOMAINS || this.domainCount >= this.#limits.sessions * 2)
        this.#dropDomain(session)
      domain = {
        session,
        protocol,
        id,
        templates: new Map(),
        held: null,
        isForgotten: false,
        rates: null,
        sequence: new Sequence(unit, session.exporter.sequences),
        lastId: -1,
        lastEntry: null,
        searchedFor: -1,
        searchedAt: -1,
        rate: 0,
        rateSource: 0,
        rateEpoch: -1,
      }
      session.domains.set(key, domain)
      this.domainCount++
    }
    session.lastDomain = domain
    return domain
  }

  /** The exporter at four words of `words`, if any session of it is known. */
  exporterAt(words: Uint32Array, at: number): Exporter | undefined {
    return this.exporters.get(keyOf(at === 0 ? words : words.subarray(at, at + 4)))
  }

  /** Marks that the session announced a template. */
  teach(session: Session): void {
    if (session.queue === this.#taught) return
    this.#unlink(session)
    this.#link(session, this.#taught)
  }

  /**
   * Whether a session may have a template with these Field Specifiers, in place of `replaced` where that is given.
   * Forgets sessions silent for longest to make room.
   */
  makeRoom(session: Session, specifiers: string, replaced?: TemplateEntry): boolean {
    const { templatesPerSession, templateOctetsPerSession, templates, templateOctets } = this.#limits
    const more = replaced === undefined ? 1 : 0
    const moreOctets = specifiers.length - (replaced?.specifiers.length ?? 0)
    if (session.templateCount + more > templatesPerSession) return false
    if (session.templateOctets + moreOctets > templateOctetsPerSession) return false
    for (;;) {
      const octets = this.texts.octets + this.texts.costOf(specifiers)
      if (this.templateCount + more <= templates && octets <= templateOctets) return true
      if (!this.#evictFor(session)) return false
    }
  }

  /**
   * Counts `rows` more samplers or names of a session, of `octets` in all, if there is room for them. Forgets sessions
   * silent for longest to make room.
   */
  takeOptionRows(session: Session, rows: number, octets: number): boolean {
    const { optionRowsPerSession, optionOctets } = this.#limits
    if (rows > 0 && session.optionRows + rows > optionRowsPerSession) return false
    while (octets > 0 && this.optionOctets + octets > optionOctets) {
      if (!this.#evictFor(session)) return false
    }
    session.optionRows += rows
    session.optionOctets += octets
    this.optionOctets += octets
    return true
  }

  /** Whether a session may have one more sFlow agent: its first always, the others share what is left. */
  hasAgentRoom(session: Session): boolean {
    const count = session.agents?.length ?? 0
    return count === 0 || (count < MOST_AGENTS && this.agentCount < this.#limits.sessions * 2)
  }

  addAgent(session: Session, agent: SflowAgent): void {
    session.agents ??= []
    session.agents.push(agent)
    this.agentCount++
  }

  /** Forgets the session that has been silent for longest; false where that is `session` or none. */
  #evictFor(session: Session): boolean {
    const silent = this.#taught.oldest
    if (silent === null || silent === session) return false
    this.evicted++
    this.remove(silent)
    return true
  }

  /** Gives a domain a template that it does not have; the caller has seen to the room. */
  addTemplate(domain: Domain, id: number, entry: TemplateEntry): void {
    entry.specifiers = this.texts.take(entry.specifiers)
    domain.templates.set(id, entry)
    domain.session.templateCount++
    domain.session.templateOctets += entry.specifiers.length
    this.templateCount++
  }

  /** Gives a template of a domain other Field Specifiers. */
  changeTemplate(domain: Domain, entry: TemplateEntry, specifiers: string): void {
    domain.session.templateOctets += specifiers.length - entry.specifiers.length
    this.texts.release(entry.specifiers)
    entry.specifiers = this.texts.take(specifiers)
  }

  dropTemplate(domain: Domain, id: number): void {
    const entry = domain.templates.get(id)
    if (entry === undefined) return
    domain.templates.delete(id)
    if (domain.lastId === id) {
      domain.lastId = -1
      domain.lastEntry = null
    }
    domain.session.templateCount--
    domain.session.templateOctets -= entry.specifiers.length
    this.templateCount--
    this.texts.release(entry.specifiers)
  }

  /** Calls `visit` for every session. */
  each(visit: (session: Session) => void): void {
    for (const exporter of this.exporters.values()) for (const session of exporter.sessions) visit(session)
  }

  /** Forgets sessions silent for longer than the limit, and for a part of the others visits their templates. */
  sweep(nowMs: number): void {
    const { expireMs } = this.#limits
    if (expireMs <= 0) return
    for (const queue of [this.#bare, this.#taught]) {
      for (let oldest = queue.oldest; oldest !== null; oldest = queue.oldest) {
        if (nowMs - Math.max(oldest.lastSeenMs, oldest.movedMs) <= expireMs) break
        this.remove(oldest)
      }
    }
    const part = Math.ceil(this.#slots.length / 60)
    for (let i = 0; i < part; i++) {
      this.#sweepAt = (this.#sweepAt + 1) & this.#mask
      const session = this.#slots[this.#sweepAt]
      if (session !== undefined) this.#sweepTemplates(session, nowMs - expireMs)
    }
  }

  remove(session: Session): void {
    for (const domain of session.domains.values()) {
      this.#settings.forget(domain)
      for (const id of domain.templates.keys()) this.dropTemplate(domain, id)
    }
    this.domainCount -= session.domains.size
    this.takeOptionRows(session, -session.optionRows, -session.optionOctets)
    this.agentCount -= session.agents?.length ?? 0
    this.#unlink(session)
    this.#empty(session)
    session.isForgotten = true
    if (this.#last === session) this.#last = null
    const { exporter } = session
    const { sessions, teachers } = exporter
    const moved = sessions.pop()!
    if (moved !== session) {
      sessions[session.place] = moved
      moved.place = session.place
    }
    const place = teachers.indexOf(session)
    if (place >= 0) teachers.splice(place, 1)
    if (sessions.length === 0) this.exporters.delete(keyOf(exporter.words))
    this.count--
  }

  #add(address: Uint32Array, port: number, hash: number, nowMs: number): Session {
    if (this.count >= this.#limits.sessions) {
      const silent = this.#bare.oldest ?? this.#taught.oldest
      if (silent !== null) {
        this.evicted++
        this.remove(silent)
      }
    }
    if ((this.count + 1) * 2 > this.#slots.length) this.#grow()
    const key = keyOf(address)
    let exporter = this.exporters.get(key)
    if (exporter === undefined) {
      const { overrideOf, takesResets } = this.#settings
      exporter = new Exporter(address.slice(), overrideOf(address), takesResets)
      this.exporters.set(key, exporter)
    }
    const session = new Session(exporter, port, hash, nowMs)
    session.place = exporter.sessions.length
    exporter.sessions.push(session)
    this.#place(session)
    this.#link(session, this.#bare)
    session.movedMs = nowMs
    this.count++
    this.#last = session
    return session
  }

  #place(session: Session): void {
    let at = session.hash & this.#mask
    while (this.#slots[at] !== undefined) at = (at + 1) & this.#mask
    this.#slots[at] = session
  }

  /** Takes the session's slot and moves later ones of its run up, so that no look-up meets a hole. */
  #empty(session: Session): void {
    const slots = this.#slots
    const mask = this.#mask
    let hole = session.hash & mask
    while (slots[hole] !== session) hole = (hole + 1) & mask
    slots[hole] = undefined
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const next = slots[at]
      if (next === undefined) return
      const home = next.hash & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      slots[hole] = next
      slots[at] = undefined
      hole = at
    }
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Array<Session | undefined>(before.length * 2).fill(undefined)
    this.#mask = this.#slots.length - 1
    for (const session of before) if (session !== undefined) this.#place(session)
  }

  #hash(words: Uint32Array, port: number): number {
    let hash = Math.imul(words[3]! ^ this.#seed, 0x9e3779b1)
    hash = Math.imul(hash ^ (hash >>> 15) ^ words[2]!, 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13) ^ words[1]!, 0xc2b2ae35)
    hash = Math.imul(hash ^ (hash >>> 16) ^ words[0]!, 0x9e3779b1)
    hash = Math.imul(hash ^ (hash >>> 15) ^ port, 0x85ebca6b)
    return hash ^ (hash >>> 14)
  }

  #renew(session: Session, nowMs: number): void {
    const queue = session.queue!
    session.movedMs = nowMs
    if (queue.newest === session) return
    this.#unlink(session)
    this.#link(session, queue)
  }

  #link(session: Session, queue: Queue): void {
    session.queue = queue
    session.older = queue.newest
    session.newer = null
    if (queue.newest !== null) queue.newest.newer = session
    else queue.oldest = session
    queue.newest = session
  }

  #unlink(session: Session): void {
    const queue = session.queue!
    if (session.older !== null) session.older.newer = session.newer
    else queue.oldest = session.newer
    if (session.newer !== null) session.newer.older = session.older
    else queue.newest = session.older
    session.older = null
    session.newer = null
  }

  #dropDomain(session: Session): void {
    let victim: [number, Domain] | undefined
    for (const entry of session.domains) {
      victim ??= entry
      if (entry[1].templates.size > 0) continue
      victim = entry
      break
    }
    if (victim === undefined) return
    const [key, domain] = victim
    domain.isForgotten = true
    this.#settings.forget(domain)
    for (const id of domain.templates.keys()) this.dropTemplate(domain, id)
    session.domains.delete(key)
    if (session.lastDomain === domain) session.lastDomain = null
    this.domainCount--
  }

  #sweepTemplates(session: Session, beforeMs: number): void {
    for (const domain of session.domains.values()) {
      for (const [id, entry] of domain.templates) {
        if (entry.usedMs < beforeMs) this.dropTemplate(domain, id)
      }
    }
  }
}

function isSame(left: Uint32Array, right: Uint32Array): boolean {
  return left[3] === right[3] && left[2] === right[2] && left[1] === right[1] && left[0] === right[0]
}

function keyOf(words: Uint32Array): string {
  return `${words[0]!.toString(36)},${words[1]!.toString(36)},${words[2]!.toString(36)},${words[3]!.toString(36)}`
}

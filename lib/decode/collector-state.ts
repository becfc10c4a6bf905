import { formatAddress, parseAddress } from '../bytes/address.ts'
import { PROTOCOL } from '../flow/fields.ts'
import type { KnownTemplates } from './known-templates.ts'
import { RATE_OCTETS, Rates } from './rates.ts'
import { type Domain, newAgent, type Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { DecodeLimits } from './settings.ts'
import type { AgentState, CollectorState, DomainState, SessionState, TemplateState } from './state-file.ts'

/** What the sessions know, the longest silent first. */
export function saveSessions(sessions: Sessions): CollectorState {
  const saved: SessionState[] = []
  sessions.each((session) => {
    saved.push({
      address: session.exporter.address,
      port: session.port,
      lastSeenMs: session.lastSeenMs,
      domains: [...session.domains.values()].map(saveDomain),
      agents: saveAgents(session),
      names: session.names?.save() ?? null,
    })
  })
  return { sessions: saved.sort((a, b) => a.lastSeenMs - b.lastSeenMs) }
}

function saveDomain(domain: Domain): DomainState {
  const templates: TemplateState[] = []
  for (const [id, { isWithdrawn, isOptions, scopeCount, specifiers }] of domain.templates)
    if (!isWithdrawn) templates.push([id, isOptions, scopeCount, specifiers])
  const { protocol, id } = domain
  return { protocol, id, templates, rates: domain.rates?.save() ?? null, sequence: domain.sequence.save() }
}

function saveAgents(session: Session): AgentState[] {
  const agents: AgentState[] = []
  for (const { words, subAgentId, version, sequence } of session.agents ?? []) {
    const state = sequence.save()
    if (state !== null) agents.push([formatAddress(words, 0), subAgentId, version, state])
  }
  return agents
}

/** Makes the sessions know again what a state holds, within their bounds; what they know already stays. */
export function restoreSessions(
  state: CollectorState,
  sessions: Sessions,
  templates: KnownTemplates,
  limits: DecodeLimits,
): void {
  const words = new Uint32Array(4)
  for (const saved of state.sessions) {
    if (sessions.count >= limits.sessions || !parseAddress(saved.address, words)) continue
    const known = sessions.exporterAt(words, 0)?.sessions.find(({ port }) => port === saved.port)
    const session = sessions.find(words, saved.port, known?.lastSeenMs ?? saved.lastSeenMs)
    for (const domain of saved.domains) restoreDomain(domain, session, sessions, templates)
    restoreAgents(saved.agents, session, sessions)
    if (saved.names === null) continue
    const tables = session.tables()
    const { size, octets } = tables
    tables.restore(saved.names)
    if (sessions.takeOptionRows(session, tables.size - size, tables.octets - octets)) continue
    // There was room for it when it was saved: somebody else fills the tables now.
    sessions.takeOptionRows(session, -size, -octets)
    session.names = null
  }
}

function restoreDomain(
  saved: DomainState,
  session: Session,
  sessions: Sessions,
  templates: KnownTemplates,
): void {
  const unit = saved.protocol === PROTOCOL.netflow9 ? 'datagrams' : 'records'
  const domain = sessions.domain(session, saved.protocol, saved.id, unit)
  for (const [id, isOptions, scopeCount, specifiers] of saved.templates)
    templates.restore(domain, id, { isOptions, scopeCount }, specifiers, session.lastSeenMs)
  if (saved.sequence !== null) domain.sequence.restore(saved.sequence)
  if (saved.rates === null) return
  const rates = domain.rates ?? new Rates()
  const before = rates.size
  rates.restore(saved.rates)
  const more = rates.size - before
  if (sessions.takeOptionRows(session, more, more * RATE_OCTETS)) domain.rates = rates
  else {
    sessions.takeOptionRows(session, -before, -before * RATE_OCTETS)
    domain.rates = null
  }
  session.exporter.rateEpoch++
}

function restoreAgents(saved: readonly AgentState[], session: Session, sessions: Sessions): void {
  for (const [address, subAgentId, version, sequence] of saved) {
    const words = new Uint32Array(4)
    const isKnown = (session.agents ?? []).some(
      (agent) => agent.subAgentId === subAgentId && formatAddress(agent.words, 0) === address,
    )
    if (isKnown || !parseAddress(address, words) || !sessions.hasAgentRoom(session)) continue
    const agent = newAgent(words, subAgentId, version, session.exporter.sequences)
    agent.sequence.restore(sequence)
    sessions.addAgent(session, agent)
  }
}

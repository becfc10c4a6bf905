import type { Attack } from './attacks.ts'

/** Octets of the shortest packet that amplified answers have. */
const AMPLIFIED_PACKET = 128

/** What a router can be told against an attack: match its flows (RFC 8955), or drop all for the target (RFC 7999). */
export function mitigationOf({ target, vector, time }: Attack): { flowspec: string; blackhole: string } {
  const isIpv6 = target.includes(':')
  const route = target.includes('/') ? target : `${target}/${isIpv6 ? 128 : 32}`
  const matches = [`destination ${route};`]
  if (vector.protocol !== null) matches.push(`${isIpv6 ? 'next-header' : 'protocol'} =${vector.protocol};`)
  if (vector.sourcePort !== null) {
    matches.push(`source-port =${vector.sourcePort};`)
    // Short packets of the service are questions and answers of people.
    matches.push(`packet-length >=${AMPLIFIED_PACKET};`)
  }
  if (vector.destinationPort !== null) matches.push(`destination-port =${vector.destinationPort};`)
  if (vector.isSyn) matches.push('tcp-flags [ =syn ];')
  const isDropped = vector.sourcePort !== null || vector.protocol === 1 || vector.protocol === 58
  // What people send as well is only limited: to what is usual, at least a megabit.
  const limit = Math.max(125_000, Math.round((time.peak.octets / (time.timesUsual ?? 100)) * 2))
  const action = isDropped ? 'discard;' : `rate-limit ${limit};`
  const nextHop = isIpv6 ? '100::1' : '192.0.2.1'
  return {
    flowspec: `announce flow route { match { ${matches.join(' ')} } then { ${action} } }`,
    blackhole: `announce route ${route} next-hop ${nextHop} community [65535:666]`,
  }
}

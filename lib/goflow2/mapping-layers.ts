/** Names of layers in `sflow.mapping`, several for some. */
const KEYS = new Set([
  ...['ethernet', '2', 'dot1q', 'mpls', 'ipv4', 'ipv6', 'ip', '3', 'ipv6eh_routing', 'ipv6-route', 'ipv6eh'],
  ...['ipv6eh_fragment', 'ipv6-frag', 'tcp', 'udp', '4', 'icmp', 'icmpv6', 'ipv6-icmp', 'gre', 'teredo'],
  ...['teredo-dst', 'geneve'],
])

/** Names of goflow2 2.1 and 1.3 that later versions dropped. */
const FORMER: Readonly<Record<string, string>> = { '0': 'ethernet', icmp6: 'icmpv6' }

/** The layer's key as a packet parser knows it; undefined for one that no frame has. */
export function layerKey(layer: string): string | undefined {
  const key = layer.toLowerCase()
  const current = Object.hasOwn(FORMER, key) ? FORMER[key]! : key
  const isKnown = KEYS.has(current) || /^(etype\d+|etype0x[0-9a-f]{4}|proto\d+|udp\d+|tcp\d+)$/.test(current)
  return isKnown ? current : undefined
}

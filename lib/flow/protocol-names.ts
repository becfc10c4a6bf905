/** IANA's Assigned Internet Protocol Numbers by their keywords, in lower case, from 0 on; `-` where there is none. */
const KEYWORDS = (
  'hopopt icmp igmp ggp ipv4 st tcp cbt egp igp bbn-rcc-mon nvp-ii pup argus emcon xnet chaos udp mux dcn-meas hmp prm ' +
  'xns-idp trunk-1 trunk-2 leaf-1 leaf-2 rdp irtp iso-tp4 netblt mfe-nsp merit-inp dccp 3pc idpr xtp ddp idpr-cmtp tp++ ' +
  'il ipv6 sdrp ipv6-route ipv6-frag idrp rsvp gre dsr bna esp ah i-nlsp swipe narp min-ipv4 tlsp skip ipv6-icmp ipv6-nonxt ' +
  'ipv6-opts - cftp - sat-expak kryptolan rvd ippc - sat-mon visa ipcv cpnx cphb wsn pvp br-sat-mon sun-nd wb-mon ' +
  'wb-expak iso-ip vmtp secure-vmtp vines iptm nsfnet-igp dgp tcf eigrp ospfigp sprite-rpc larp mtp ax.25 ipip micp ' +
  'scc-sp etherip encap - gmtp ifmp pnni pim aris scps qnx a/n ipcomp snp compaq-peer ipx-in-ip vrrp pgm - l2tp ddx ' +
  'iatp stp srp uti smp sm ptp isis fire crtp crudp sscopmce iplt sps pipe sctp fc rsvp-e2e-ignore mobility-header ' +
  'udplite mpls-in-ip manet hip shim6 wesp rohc ethernet aggfrag nsh'
).split(' ')

/** Other words that people write. */
const ALIASES: Readonly<Record<string, number>> = {
  'ip-in-ip': 4,
  ipencap: 4,
  icmp6: 58,
  icmpv6: 58,
  ospf: 89,
  isis4: 124,
  'udp-lite': 136,
}

const NUMBERS = new Map<string, number>(Object.entries(ALIASES))
const NAMES: string[] = []
for (const keyword of KEYWORDS) {
  if (keyword !== '-') NUMBERS.set(keyword, NAMES.length)
  NAMES.push(keyword === '-' ? String(NAMES.length) : keyword)
}
while (NAMES.length < 256) NAMES.push(String(NAMES.length))

/** IANA's keyword of a protocol number in lower case (`tcp`, `ipv6-icmp`), or the number where it has none. */
export function protocolName(protocol: number): string {
  return NAMES[protocol] ?? String(protocol)
}

/** The protocol number of a keyword, a common alias (`icmp6`, `ospf`) or a number in digits, or -1. */
export function protocolNumber(text: string): number {
  const word = text.toLowerCase()
  if (/^\d{1,3}$/.test(word)) return Number(word) <= 255 ? Number(word) : -1
  return NUMBERS.get(word) ?? -1
}

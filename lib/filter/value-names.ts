/** Names that stand for numbers in some primitives, in lower case. */
export type ValueNames = ReadonlyMap<string, bigint>

function named(text: string): ValueNames {
  return new Map(
    text
      .trim()
      .split(/\s+/)
      .map((pair): [string, bigint] => {
        const at = pair.lastIndexOf(':')
        return [pair.slice(0, at), BigInt(pair.slice(at + 1))]
      }),
  )
}

/** IANA "Protocol Numbers" under the names that people type: IANA's, nfdump's and those of /etc/protocols. */
export const PROTOCOLS = named(`
  hopopt:0 icmp:1 igmp:2 ggp:3 ipv4:4 ipencap:4 ip:4 st:5 tcp:6 cbt:7 egp:8 igp:9 nvp-ii:11 pup:12 argus:13 emcon:14
  xnet:15 chaos:16 udp:17 mux:18 hmp:20 prm:21 xns-idp:22 rdp:27 irtp:28 iso-tp4:29 netblt:30 dccp:33 3pc:34 idpr:35
  xtp:36 ddp:37 idpr-cmtp:38 il:40 ipv6:41 sdrp:42 ipv6-route:43 rte6:43 ipv6-frag:44 frag6:44 idrp:45 rsvp:46 gre:47
  dsr:48 bna:49 esp:50 ah:51 i-nlsp:52 swipe:53 narp:54 mobile:55 mobil:55 tlsp:56 skip:57 ipv6-icmp:58 icmpv6:58
  icmp6:58 ipv6-nonxt:59 nohe6:59 ipv6-opts:60 opts6:60 cftp:62 sat-expak:64 kryptolan:65 rvd:66 ippc:67 visa:70
  ipcv:71 cpnx:72 cphb:73 wsn:74 pvp:75 sun-nd:77 iso-ip:80 vmtp:81 vines:83 ttp:84 dgp:86 tcf:87 eigrp:88 ospf:89
  ospfigp:89 sprite-rpc:90 larp:91 mtp:92 ax.25:93 ipip:94 micp:95 scc-sp:96 etherip:97 ethip:97 encap:98 gmtp:100
  ifmp:101 pnni:102 pim:103 aris:104 scps:105 qnx:106 ipcomp:108 ipcmp:108 snp:109 ipx-in-ip:111 vrrp:112 pgm:113
  l2tp:115 ddx:116 iatp:117 stp:118 srp:119 uti:120 smp:121 sm:122 ptp:123 isis:124 isis4:124 fire:125 crtp:126
  crudp:127 sscopmce:128 iplt:129 sps:130 pipe:131 sctp:132 fc:133 rsvp-e2e-ignore:134 mobility-header:135 mhead:135
  udplite:136 udp-l:136 mpls-in-ip:137 mpls:137 manet:138 hip:139 shim6:140 wesp:141 rohc:142 ethernet:143 nsh:145`)

/** firewallEvent, IANA 233; `term` is nfdump's older word for delete. */
export const FIREWALL_EVENTS = named(
  'ignore:0 create:1 delete:2 term:2 deleted:2 deny:3 denied:3 alert:4 update:5',
)

/** Extended events of Cisco ASA, by what denied the flow. */
export const DENIALS = named(
  'ignore:0 ingress:1001 i-acl:1001 iacl:1001 egress:1002 e-acl:1002 eacl:1002 access:1003 interface:1003 deny:1003 adeny:1003 nosyn:1004',
)

/** natEvent, RFC 8158 §4.3, under nfdump's names. */
export const NAT_EVENTS = named(`
  invalid:0 add:1 create:1 delete:2 exhaust:3 add44:4 del44:5 add64:6 del64:7 add44bib:8 del44bib:9 add64bib:10
  del64bib:11 pexhaust:12 quotaexh:13 addaddr:14 deladdr:15 addpblk:16 delpblk:17 threshld:18`)

/**
 * forwardingStatus, IANA 89 (RFC 7270 §4.12): the two status bits and a reason. nfdump's names with the octet that
 * exporters send.
 */
export const FORWARDING = named(`
  ukwn:0 unknown:0 forw:64 frag:65 notfrag:66 drop:128 dacld:129 daclp:130 noroute:131 dadj:132 dfrag:133 dbadh:134
  dbadtlen:135 dbadhlen:136 dbadttl:137 dpolicy:138 dwred:139 drpf:140 dforus:141 dbadof:142 dhw:143 term:192
  tadj:193 tincadj:194 tforus:195`)

/** flowDirection, IANA 61. */
export const DIRECTIONS = named('ingress:0 in:0 inbound:0 egress:1 out:1 outbound:1')

/** Bits of TCP's flags by nfdump's letter (RFC 9293 §3.1). */
export const FLAG_LETTERS: Readonly<Record<string, number>> = {
  F: 1,
  S: 2,
  R: 4,
  P: 8,
  A: 16,
  U: 32,
  E: 64,
  C: 128,
  X: 63,
}

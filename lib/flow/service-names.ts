const TCP = 6
const UDP = 17
const SCTP = 132

/**
 * Ports and their names, from IANA's Service Name and Transport Protocol Port Number Registry and, where a port is known
 * by another name or by none there, as people call it. `t`, `u` and `s` say for which of TCP, UDP and SCTP.
 */
const SERVICES = `
1t tcpmux 7tu echo 9tu discard 11t systat 13tu daytime 17t qotd 19tu chargen 20t ftp-data 21t ftp 22ts ssh 23t telnet
25t smtp 37tu time 42tu nameserver 43t whois 49tu tacacs 53tu dns 67u dhcp-server 68u dhcp-client 69u tftp 70t gopher
79t finger 80tus http 80u http 88tu kerberos 102t iso-tsap 104t dicom 109t pop2 110t pop3 111tu sunrpc 113t ident
119t nntp 123u ntp 135tu epmap 137tu netbios-ns 138u netbios-dgm 139t netbios-ssn 143t imap 161tu snmp 162tu snmptrap
163tu cmip-man 164tu cmip-agent 170t print-srv 177u xdmcp 179ts bgp 194tu irc 199t smux 201u at-rtmp 209t qmtp 210t z39.50
213u ipx 220t imap3 259tu esro-gen 264t bgmp 318tu pkix-timestamp 319u ptp-event 320u ptp-general 350tu matip-type-a
351tu matip-type-b 369tu rpc2portmap 370tu codaauth2 371tu clearcase 383tu hp-alarm-mgr 387tu aurp 389tu ldap 401tu ups
427tu svrloc 434u mobileip-agent 443tus https 444t snpp 445tu microsoft-ds 464tu kpasswd 465t submissions 475t tcpnethaspsrv
487t saft 496tu pim-rp-disc 497tu retrospect 500u isakmp 502t mbap 504tu citadel 512t exec 512u biff 513t login 513u who
514t shell 514u syslog 515t printer 517u talk 518u ntalk 520u rip 521u ripng 523tu ibm-db2 524tu ncp 530t rpc
532t netnews 540t uucp 543t klogin 544t kshell 546u dhcpv6-client 547u dhcpv6-server 548t afpovertcp 554tu rtsp
563t nntps 587t submission 591t http-alt 593t http-rpc-epmap 601t syslog-conn 623u asf-rmcp 625t dec-dlm 631tu ipp
635u mount 636tu ldaps 639tu msdp 646tu ldp 647t dhcp-failover 651tu ieee-mms 655tu tinc 657tu rmc 660tu mac-srvr-admin
674t acap 691t resvc 694tu ha-cluster 698u olsr 700t epp 701t lmp 702t iris-beep 706t silc 711t cisco-tdp 749tu kerberos-adm
750tu kerberos-iv 751tu kerberos-master 752u passwd-server 754t krb-prop 782t conserver 783t spamassassin 830t netconf-ssh
831t netconf-beep 832t netconfsoaphttp 843t flash-policy 847t dhcp-failover2 848tu gdoi 853tu domain-s 860t iscsi
861tu owamp-control 862tu twamp-control 873t rsync 902t vmware-auth 902u ideafarm-door 903t vmware-console 953t rndc
989tu ftps-data 990tu ftps 991tu nas 992tu telnets 993t imaps 994tu ircs 995t pop3s
 1080t socks 1085tu webobjects 1094t rootd 1099tu rmiregistry 1109t kpop 1167tus cisco-ipsla 1194tu openvpn
1198tu cajo-discovery 1214tu kazaa 1241tu nessus 1270tu opsmgr 1293tu pkt-krb-ipsec 1311tu rxmon 1352tu lotusnote
1414tu ibm-mqseries 1433tu ms-sql-s 1434tu ms-sql-m 1494tu ica 1503tu imtc-mcs 1512tu wins 1521t oracle 1524tu ingreslock
1526t oracle-alt 1527tu tlisrv 1533tu virtual-places 1547tu laplink 1581tu mil-2045-47001 1589tu vqp 1604tu icabrowser
1645u radius-old 1646u radius-acct-old 1649tu kermit 1666tu perforce 1701u l2tp 1707tu vdmplay 1716t xmsg 1718u h323gatedisc
1719u h323gatestat 1720t h323hostcall 1723tu pptp 1725u iden-ralp 1755tu ms-streaming 1761tu cft-0 1801tu msmq 1812tu radius
1813tu radius-acct 1863tu msnp 1880t node-red 1883tu mqtt 1900u ssdp 1935tu rtmp 1967u cisco-ipsla-control 1984tu bigbrother
1985u hsrp 1993u snmp-tcp-port 1998tu x25-svc-port 2000tu cisco-sccp 2029u hsrpv6 2049tus nfs 2055u netflow 2082t cpanel
2083tu radsec 2086t whm 2087t whm-ssl 2095t webmail 2096t webmail-ssl 2100u sflow-alt 2102tu zephyr-srv 2103tu zephyr-clt
2104tu zephyr-hm 2123u gtp-control 2152u gtp-user 2181t zookeeper 2222t ethernet-ip-1 2223tu rockwell-csp2 2261tu comotionmaster
2375t docker 2376t docker-s 2377t swarm 2379t etcd-client 2380t etcd-server 2401tu cvspserver 2404tu iec-104 2427tu mgcp-gateway
2483tu ttc 2484tu ttc-ssl 2492tu groove 2535tu madcap 2541tu lonworks2 2546tu vytalvaultbrtp 2601t zebra 2602t ripd 2603t ripngd
2604t ospfd 2605t bgpd 2606t ospf6d 2628tu dict 2710t sso-service 2727tu mgcp-callagent 2775t smpp 2811tu gsiftp 2905s m3ua
2904s m2ua 2944tus megaco-h248 2945tus h248-binary 2947tu gpsd 2967tu ssc-agent 3000t http-dev 3020tu cifs 3030t arepa-cas
3050tu gds-db 3052tu apc-3052 3074tu xbox 3097s itu-bicc-stc 3128t squid 3130u icpv2 3205tu isns 3225tu fcip 3260tu iscsi-target
3268tu msft-gc 3269tu msft-gc-ssl 3283tu net-assistant 3285tu plato 3288tu cops 3299t saprouter 3306tu mysql 3343tu ms-cluster-net
3386tu gprs-data 3389tu rdp 3400tu csms2 3403t radware 3478tu stun 3493tu nut 3503tu lsp-ping 3527tu beserver-msg-q 3544u teredo
3551t apcupsd 3565s m2pa 3566t quest-data-hub 3632tu distcc 3653tu tsp 3659tu apple-sasl 3671tu efcp 3689tu daap 3690tu svn
3702tu ws-discovery 3724tu blizwow 3779tu cognima 3784u bfd-control 3785u bfd-echo 3799tu radius-dynauth 3868ts diameter
3869tu ovsam-mgmt 3872tu oem-agent 3880tu igrs 3943tu tig 4000t icq 4000u icq 4031tu suucp 4070t tripe 4094tu sysrqd
4172tu pcoip 4189u pcep 4189t pcep 4190t sieve 4239tu vrml-multi-use 4242t crashplan 4307u trueconf 4353tu f5-iquery 4369tu epmd
4379u lsp-ping-udp 4433t https-test 4460t ntske 4500tu ipsec-nat-t 4505t salt-publish 4506t salt-request 4567tu tram 4569tu iax
4664tu rimf-ps 4711t trinity 4712t bacnet-sc 4713t pulseaudio 4730tu gearman 4739tus ipfix 4740tus ipfixs 4754u gre-in-udp
4784u bfd-multi-ctl 4786t smart-install 4789u vxlan 4790u vxlan-gpe 4791u roce 4840tu opcua-tcp 4843tu opcua-tls 4848t glassfish
4899tu radmin 4949t munin 5000t upnp-or-http 5001t commplex-link 5001u iperf 5004tu rtp 5005tu rtcp 5009tu winfs 5044t beats
5050tu mmcc 5051tu ita-agent 5060tus sip 5061tus sips 5090s car 5093tu sentinel-lm 5099t sentlm-srv2srv 5120tu barracuda-bbs
5190tu aol 5201tu iperf3 5222t xmpp-client 5223t xmpp-client-s 5228t gcm 5246u capwap-control 5247u capwap-data 5269t xmpp-server
5280t xmpp-bosh 5298tu presence 5308tu cfengine 5349tu stuns 5351u nat-pmp 5353u mdns 5355tu llmnr 5357t wsdapi 5358t wsdapi-s
5405u corosync 5427tu sco-peer-tta 5432tu postgresql 5445tu smbdirect 5480t vami 5500t vnc-listen 5540u matter 5544u ultra-wideband
5554tu sgi-esphttp 5555t adb 5556tu freeciv 5568u sacn 5601t kibana 5631tu pcanywheredata 5632tu pcanywherestat 5666t nrpe
5667t nsca 5670tu filecast 5671tu amqps 5672tus amqp 5675tus v5ua 5678u mndp 5679tu dccm 5683tu coap 5684tu coaps 5693t nagios-ncpa
5722t dfsr 5741tu ida-discover1 5800t vnc-http 5814tu spt-automation 5900tu vnc 5901t vnc-1 5902t vnc-2 5903t vnc-3 5938tu teamviewer
5984tu couchdb 5985tu winrm 5986tu winrms 5988tu wbem-http 5989tu wbem-https 6000tu x11 6001tu x11-1 6002tu x11-2 6003tu x11-3
6063tu x11-63 6081u geneve 6112tu dtspc 6123tu backup-express 6163tu pmip6-cntl 6343u sflow 6346tu gnutella-svc 6347tu gnutella-rtr
6379t redis 6380t redis-s 6389t clariion-evr01 6436t leap 6443t kubernetes-api 6444tu sge-qmaster 6445tu sge-execd 6514tu syslog-tls
6566t sane-port 6568tu anydesk 6600t mpd 6633tu openflow-old 6635u mpls-udp 6636u mpls-udp-dtls 6640tu ovsdb 6653tu openflow 6660t irc
6665t irc 6666t irc 6667t irc 6668t irc 6669t irc 6679t ircs-alt 6688t clever-tcp 6696u babel 6697t ircs-u 6771u bt-lpd 6784u bfd-lag
6789t doly-control 6881tu bittorrent 6882tu bittorrent 6883tu bittorrent 6884tu bittorrent 6885tu bittorrent 6886tu bittorrent
6887tu bittorrent 6888tu bittorrent 6889tu bittorrent 6969tu bittorrent-tracker 7000t afs3-fileserver 7000u afs3-fileserver
7001tu afs3-callback 7002tu afs3-prserver 7003tu afs3-vlserver 7005tu afs3-volser 7070t realserver 7100t font-service 7144t peercast
7199t cassandra-jmx 7400u rtps-discovery 7401u rtps-dd-ut 7474t neo4j 7547tu cwmp 7626ts simco 7674tu imqtunnels 7680tu ms-do
7687t bolt 7707t vetorrent 7734t smip-agent 7777t terraria 7800t asr 7801tu ssp-client 7845tu apc-7845 7846tu apc-7846 7946tu serf
8000t http-alt-8000 8001t vcom-tunnel 8005t tomcat-shutdown 8006t proxmox 8008t http-alt-8008 8009t ajp13 8042t fs-agent 8060u rtmp-alt
8065t mattermost 8069t odoo 8080tu http-alt 8081t sunproxyadmin 8086t influxdb 8087t riak 8088t radan-http 8089t splunkd 8090t http-8090
8096t jellyfin 8112t deluge 8116u cp-cluster 8118t privoxy 8123t polipo 8125u statsd 8126t statsd-admin 8140t puppet 8161t activemq-web
8172t web-deploy 8200t vault 8211u aruba-papi 8291t winbox 8300t consul-server 8301tu consul-lan 8302tu consul-wan 8333t bitcoin
8332t bitcoin-rpc 8384t syncthing 8388tu shadowsocks 8443tu https-alt 8472u vxlan-linux 8500t consul-http 8530t wsus 8531t wsus-s
8554tu rtsp-alt 8600tu consul-dns 8610tu canon-mfnp 8611tu canon-bjnp1 8612tu canon-bjnp2 8686t sun-as-jmxrmi 8728t routeros-api
8729t routeros-api-s 8765t ultraseek-http 8834t nessus-web 8880t cddbp-alt 8883tu secure-mqtt 8888t http-8888 8889t ddi-tcp-2
8891t opendkim 8910t manyone-http 8983t solr 8998t canto-roboflow 9000t cslistener 9001t tor-orport 9002t dynamid 9030t tor-dirport
9042t cassandra 9050t tor-socks 9090t websm 9091t xmltec-xmlmail 9092t kafka 9093t kafka-tls 9094t kafka-external 9100t jetdirect
9101tu bacula-dir 9102tu bacula-fd 9103tu bacula-sd 9160t cassandra-thrift 9161u apani2 9191t sun-as-jpda 9200t elasticsearch
9292t armtechdaemon 9300t elasticsearch-transport 9389tu adws 9390t openvas 9418tu git 9443tu tungsten-https 9535tu mngsuite
9600t micromuse-ncpw 9612t streamcomm-ds 9695tu ccnx 9800t webdav-src 9875u sap-announce 9898tu monkeycom 9899us sctp-tunnelling
9900ts iua 9901s enrp 9981t tvheadend 9987u teamspeak 9993u zerotier 9995u netflow-alt 9996u netflow-alt-2 9998t distinct32
9999t distinct 10000tu ndmp 10050tu zabbix-agent 10051tu zabbix-trapper 10080tu amanda 10161tu snmptls 10162tu snmptls-trap
10250t kubelet 10255t kubelet-read 10443t https-10443 10514tu rsyslog-relp 11211tu memcached 11214t memcached-s 11371tu hkp
11489t asgcypresstcps 11720tu h323callsigalt 11753tu openremote-ctrl 12222u lwapp-data 12223u lwapp-control
13720tu bprd 13721tu bpdbm 13724tu vnetd 13782tu bpcd 14000t scotty-ft 15672t rabbitmq-web 16393u facetime 17500tu db-lsp
18083t emqx 18181tu opsec-cvp 19132u minecraft-bedrock 19294u google-voice 19302u google-stun 20000tu dnp 22000tu syncthing-sync
23399t skype 24007t glusterd 24800t synergy 25565tu minecraft 25672t rabbitmq-cluster 25826u collectd 26214t domiq 27000t flexlm
27015tu steam 27017t mongodb 27018t mongodb-shard 27019t mongodb-config 27036tu steam-remote 28015t rethinkdb
28017t mongodb-web 29167s otmp 29168s sbcap 29169ts iuhsctpassoc 30303tu ethereum 32400t plex
 33434u traceroute 34962tu profinet-rt 34963tu profinet-rtm 34964tu profinet-cm 34980u ethercat
35357t openstack-id 36412s s1-control 36422s x2-control 36443s m2-control 37777tu dahua 38412s ng-control 38422s xn-control
38462s e1-interface 38472s f1-control 41121tu tentacle 41641u tailscale 43594t runescape 44818tu ethernet-ip-2 47001t winrm-compat
47808u bacnet 50000t db2 50002t iiimsf 51413tu transmission 51820u wireguard 55000u panasonic 57621tu spotify-p2p
 61616t activemq 61613t stomp 62078t iphone-sync 64738tu mumble
`

/** By protocol and port, `protocol << 16 | port`. */
const NAMES = new Map<number, string>()
/** By name, the port. */
const PORTS = new Map<string, number>([
  ['domain', 53],
  ['bootps', 67],
  ['bootpc', 68],
  ['auth', 113],
  ['imap2', 143],
  ['snmp-trap', 162],
  ['ms-wbt-server', 3389],
  ['rfb', 5900],
  ['oracle-tns', 1521],
  ['ike', 500],
  ['quic', 443],
])

function fillTables(): void {
  const words = SERVICES.trim().split(/\s+/)
  for (let i = 0; i + 1 < words.length; i += 2) {
    const port = Number.parseInt(words[i]!, 10)
    const name = words[i + 1]!
    for (const [letter, protocol] of [
      ['t', TCP],
      ['u', UDP],
      ['s', SCTP],
    ] as const) {
      if (words[i]!.includes(letter)) NAMES.set((protocol << 16) | port, name)
    }
    if (!PORTS.has(name)) PORTS.set(name, port)
  }
}

/** The service at a port of TCP, UDP or SCTP, or the empty text. */
export function serviceName(protocol: number, port: number): string {
  if (NAMES.size === 0) fillTables()
  return NAMES.get((protocol << 16) | port) ?? ''
}

/** The port that a service's name stands for, in any case, or -1. */
export function servicePort(name: string): number {
  if (NAMES.size === 0) fillTables()
  return PORTS.get(name.toLowerCase()) ?? -1
}

/** Services that have names, for tests and messages. */
export function serviceCount(): number {
  if (NAMES.size === 0) fillTables()
  return NAMES.size
}

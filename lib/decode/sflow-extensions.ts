import type { StructureTable } from './sflow-structures.ts'

/** sampled_ipv4 and sampled_ipv6 of a tunnel's outer header. */
function tunnelPacket(prefix: string, family: 'ipv4' | 'ipv6'): string {
  return `${prefix}Length ${prefix}Protocol ${prefix}SourceAddress:${family} ${prefix}DestinationAddress:${family}
    ${prefix}SourcePort ${prefix}DestinationPort ${prefix}TcpFlags ${prefix}ClassOfService`
}

/** sampled_ethernet of a tunnel's outer header. */
function tunnelFrame(prefix: string): string {
  return `${prefix}FrameLength ${prefix}SourceMac:mac ${prefix}DestinationMac:mac ${prefix}EthernetType`
}

function socket(prefix: string, family: 'ipv4' | 'ipv6'): string {
  return `${prefix}Protocol ${prefix}LocalAddress:${family} ${prefix}RemoteAddress:${family} ${prefix}LocalPort
    ${prefix}RemotePort`
}

/**
 * Flow structures by data format that are read into columns of their own (sflow.org, "sFlow Structure Numbers").
 * Those with a place in the common columns are read by sflow-flow-records.ts.
 */
export const FLOW_STRUCTURES: StructureTable = {
  // sFlow Version 5
  1004: 'sourceUserCharset sourceUser:text destinationUserCharset destinationUser:text',
  1005: 'urlDirection url:text urlHost:text',
  1008: 'mplsTunnelName:text mplsTunnelId mplsTunnelCos',
  1009: 'mplsVcInstanceName:text mplsVllVcId mplsVcLabelCos',
  1010: 'mplsFtnDescr:text mplsFtnMask',
  1011: 'mplsFecAddrPrefixLength',
  1012: '[ vlanTunnelStack:each ]',
  // sFlow 802.11 Structures
  1014: `wlanRxSsid:text wlanRxBssid:mac wlanRxVersion wlanRxChannel wlanRxSpeed:u64 wlanRxRsni wlanRxRcpi
    wlanRxPacketDuration`,
  1015: `wlanTxSsid:text wlanTxBssid:mac wlanTxVersion wlanTxTransmissions wlanTxPacketDuration
    wlanTxRetransDuration wlanTxChannel wlanTxSpeed:u64 wlanTxPower`,
  // sFlow OpenFlow Structures (draft), Fibre Channel, queue length
  1017: 'openflowCookie:u64 openflowMatch openflowActions',
  1018: 'fcSourceMaskLength fcDestinationMaskLength fcNextHop fcMetric',
  1019: 'sampledQueueIndex sampledQueueLength',
  // sFlow Tunnel Structures
  1021: tunnelFrame('tunnelEgress'),
  1022: tunnelFrame('tunnelIngress'),
  1023: tunnelPacket('tunnelEgress', 'ipv4'),
  1024: tunnelPacket('tunnelIngress', 'ipv4'),
  1025: tunnelPacket('tunnelEgress', 'ipv6'),
  1026: tunnelPacket('tunnelIngress', 'ipv6'),
  1027: 'decapsulateEgressInnerOffset',
  1028: 'decapsulateIngressInnerOffset',
  1029: 'egressVni',
  1030: 'ingressVni',
  // sFlow InfiniBand Structures
  1031: `infinibandSourceVl infinibandSourceSl infinibandSourceDlid infinibandSourceSlid infinibandSourceLnh
    infinibandDestinationVl infinibandDestinationSl infinibandDestinationDlid infinibandDestinationSlid
    infinibandDestinationLnh`,
  1032: `infinibandFlowLabel infinibandTrafficClass infinibandSourceGid:ipv6 infinibandDestinationGid:ipv6
    infinibandNextHeader infinibandLength`,
  1033: 'infinibandPkey infinibandDestinationQp infinibandOpcode',
  1034: '[ ingressVlanStack:each ]',
  1035: '[ egressVlanStack:each ]',
  // sFlow Dropped Packet Notification Structures
  1036: 'egressQueue',
  1037: 'aclNumber aclName:text aclDirection',
  1038: 'functionSymbol:text',
  // sFlow Transit Delay Structures
  1039: 'transitDelay',
  1040: 'queueDepth',
  // host-sflow: devlink traps and Linux's drop monitor
  1041: 'hardwareTrapGroup:text hardwareTrap:text',
  1042: 'linuxDropReason:text',
  // sFlow Application and Host Structures
  2100: socket('socket', 'ipv4'),
  2101: socket('socket', 'ipv6'),
  2102: socket('proxySocket', 'ipv4'),
  2103: socket('proxySocket', 'ipv6'),
  2200: `memcacheProtocol memcacheCommand memcacheKey:text memcacheKeys memcacheValueBytes memcacheDuration
    memcacheStatus`,
  2202: `appFlowApplication:text appFlowOperation:text appFlowAttributes:text appFlowStatusDescription:text
    appFlowRequestBytes:u64 appFlowResponseBytes:u64 appFlowDuration appFlowStatus`,
  2203: 'appParentApplication:text appParentOperation:text appParentAttributes:text',
  2204: 'appInitiator:text',
  2205: 'appTarget:text',
  2206: `sampledHttpMethod sampledHttpProtocol sampledHttpUri:text sampledHttpHost:text sampledHttpReferer:text sampledHttpUserAgent:text
    sampledHttpForwardedFor:text sampledHttpAuthUser:text sampledHttpMimeType:text sampledHttpRequestBytes:u64 sampledHttpResponseBytes:u64
    sampledHttpDuration sampledHttpStatus`,
  2209: `tcpInfoDirection tcpInfoSendMss tcpInfoReceiveMss tcpInfoUnacked tcpInfoLost tcpInfoRetransmitted
    tcpInfoPathMtu tcpInfoRtt tcpInfoRttVariance tcpInfoSendWindow tcpInfoReordering tcpInfoMinRtt`,
  2210: `sourceEntityClass sourceEntityIndex destinationEntityClass destinationEntityIndex`,
}

import type { StructureTable } from './sflow-structures.ts'

const NVIDIA = 5703 << 12
const BROADCOM = 4413 << 12

/**
 * Counter structures by data format (sflow.org, "sFlow Structure Numbers"). Members of MIBs keep their names; the
 * others get the structure's name in front.
 */
export const COUNTER_STRUCTURES: StructureTable = {
  // sFlow Version 5: generic interface, Ethernet, token ring, 100BaseVG, VLAN
  1: `ifIndex ifType ifSpeed:u64 ifDirection ifStatus ifInOctets:u64 ifInUcastPkts ifInMulticastPkts
    ifInBroadcastPkts ifInDiscards ifInErrors ifInUnknownProtos ifOutOctets:u64 ifOutUcastPkts ifOutMulticastPkts
    ifOutBroadcastPkts ifOutDiscards ifOutErrors ifPromiscuousMode`,
  2: `dot3StatsAlignmentErrors dot3StatsFCSErrors dot3StatsSingleCollisionFrames dot3StatsMultipleCollisionFrames
    dot3StatsSQETestErrors dot3StatsDeferredTransmissions dot3StatsLateCollisions dot3StatsExcessiveCollisions
    dot3StatsInternalMacTransmitErrors dot3StatsCarrierSenseErrors dot3StatsFrameTooLongs
    dot3StatsInternalMacReceiveErrors dot3StatsSymbolErrors`,
  3: `dot5StatsLineErrors dot5StatsBurstErrors dot5StatsACErrors dot5StatsAbortTransErrors dot5StatsInternalErrors
    dot5StatsLostFrameErrors dot5StatsReceiveCongestions dot5StatsFrameCopiedErrors dot5StatsTokenErrors
    dot5StatsSoftErrors dot5StatsHardErrors dot5StatsSignalLoss dot5StatsTransmitBeacons dot5StatsRecoverys
    dot5StatsLobeWires dot5StatsRemoves dot5StatsSingles dot5StatsFreqErrors`,
  4: `dot12InHighPriorityFrames dot12InHighPriorityOctets:u64 dot12InNormPriorityFrames
    dot12InNormPriorityOctets:u64 dot12InIPMErrors dot12InOversizeFrameErrors dot12InDataErrors
    dot12InNullAddressedFrames dot12OutHighPriorityFrames dot12OutHighPriorityOctets:u64
    dot12TransitionIntoTrainings dot12HCInHighPriorityOctets:u64 dot12HCInNormPriorityOctets:u64
    dot12HCOutHighPriorityOctets:u64`,
  5: `vlanCountersVlanId vlanCountersOctets:u64 vlanCountersUcastPkts vlanCountersMulticastPkts
    vlanCountersBroadcastPkts vlanCountersDiscards`,
  // sFlow 802.11 Structures
  6: `dot11TransmittedFragmentCount dot11MulticastTransmittedFrameCount dot11FailedCount dot11RetryCount
    dot11MultipleRetryCount dot11FrameDuplicateCount dot11RTSSuccessCount dot11RTSFailureCount dot11ACKFailureCount
    dot11ReceivedFragmentCount dot11MulticastReceivedFrameCount dot11FCSErrorCount dot11TransmittedFrameCount
    dot11WEPUndecryptableCount dot11QoSDiscardedFragmentCount dot11AssociatedStationCount
    dot11QoSCFPollsReceivedCount dot11QoSCFPollsUnusedCount dot11QoSCFPollsUnusableCount dot11QoSCFPollsLostCount`,
  // sFlow LAG Counters Structure
  7: `dot3adAggPortActorSystemID:mac dot3adAggPortPartnerOperSystemID:mac dot3adAggPortAttachedAggID
    dot3adAggPortActorAdminState:u8 dot3adAggPortActorOperState:u8 dot3adAggPortPartnerAdminState:u8
    dot3adAggPortPartnerOperState:u8 dot3adAggPortStatsLACPDUsRx dot3adAggPortStatsMarkerPDUsRx
    dot3adAggPortStatsMarkerResponsePDUsRx dot3adAggPortStatsUnknownRx dot3adAggPortStatsIllegalRx
    dot3adAggPortStatsLACPDUsTx dot3adAggPortStatsMarkerPDUsTx dot3adAggPortStatsMarkerResponsePDUsTx`,
  // sFlow Optics Structures
  10: `sfpModuleId sfpModuleLanes sfpModuleSupplyVoltage sfpModuleTemperature:i32
    [ sfpLaneIndex:each sfpLaneTxBiasCurrent:each sfpLaneTxPower:each sfpLaneTxPowerMin:each sfpLaneTxPowerMax:each
    sfpLaneTxWavelength:each sfpLaneRxPower:each sfpLaneRxPowerMin:each sfpLaneRxPowerMax:each
    sfpLaneRxWavelength:each ]`,
  1001: `processorCpu5s:percent processorCpu1m:percent processorCpu5m:percent processorTotalMemory:u64
    processorFreeMemory:u64`,
  1002: 'radioElapsedTime radioOnChannelTime radioOnChannelBusyTime',
  // Queue length histograms: one structure per queue in the same sample
  1003: `queueIndex:each queueSegmentSize:each queueSegments:each queueLength0:each queueLength1:each
    queueLength2:each queueLength4:each queueLength8:each queueLength32:each queueLength128:each
    queueLength1024:each queueLengthMore:each queueDropped:each`,
  // sFlow OpenFlow Structures
  1004: 'openflowDatapathId:u64 openflowPort',
  1005: 'portName:text',
  // sFlow Host Structures
  2000: 'hostName:text hostUuid:uuid hostMachineType hostOsName hostOsRelease:text',
  2001: '[ hostAdapterIfIndex:each [ hostAdapterMacs:eachMac ] ]',
  2002: 'hostParentType hostParentIndex',
  2003: `hostCpuLoadOne:f32 hostCpuLoadFive:f32 hostCpuLoadFifteen:f32 hostCpuProcRun hostCpuProcTotal hostCpuNum
    hostCpuSpeed hostCpuUptime hostCpuUser hostCpuNice hostCpuSystem hostCpuIdle hostCpuWio hostCpuIntr
    hostCpuSintr hostCpuInterrupts hostCpuContexts hostCpuSteal hostCpuGuest hostCpuGuestNice`,
  2004: `hostMemoryTotal:u64 hostMemoryFree:u64 hostMemoryShared:u64 hostMemoryBuffers:u64 hostMemoryCached:u64
    hostSwapTotal:u64 hostSwapFree:u64 hostPageIn hostPageOut hostSwapIn hostSwapOut`,
  2005: `hostDiskTotal:u64 hostDiskFree:u64 hostDiskPartMaxUsed hostDiskReads hostDiskBytesRead:u64
    hostDiskReadTime hostDiskWrites hostDiskBytesWritten:u64 hostDiskWriteTime`,
  2006: `hostNetBytesIn:u64 hostNetPacketsIn hostNetErrorsIn hostNetDropsIn hostNetBytesOut:u64 hostNetPacketsOut
    hostNetErrorsOut hostNetDropsOut`,
  2007: `mib2IpForwarding mib2IpDefaultTTL mib2IpInReceives mib2IpInHdrErrors mib2IpInAddrErrors
    mib2IpForwDatagrams mib2IpInUnknownProtos mib2IpInDiscards mib2IpInDelivers mib2IpOutRequests mib2IpOutDiscards
    mib2IpOutNoRoutes mib2IpReasmTimeout mib2IpReasmReqds mib2IpReasmOKs mib2IpReasmFails mib2IpFragOKs
    mib2IpFragFails mib2IpFragCreates`,
  2008: `mib2IcmpInMsgs mib2IcmpInErrors mib2IcmpInDestUnreachs mib2IcmpInTimeExcds mib2IcmpInParamProbs
    mib2IcmpInSrcQuenchs mib2IcmpInRedirects mib2IcmpInEchos mib2IcmpInEchoReps mib2IcmpInTimestamps
    mib2IcmpInAddrMasks mib2IcmpInAddrMaskReps mib2IcmpOutMsgs mib2IcmpOutErrors mib2IcmpOutDestUnreachs
    mib2IcmpOutTimeExcds mib2IcmpOutParamProbs mib2IcmpOutSrcQuenchs mib2IcmpOutRedirects mib2IcmpOutEchos
    mib2IcmpOutEchoReps mib2IcmpOutTimestamps mib2IcmpOutTimestampReps mib2IcmpOutAddrMasks
    mib2IcmpOutAddrMaskReps`,
  2009: `mib2TcpRtoAlgorithm mib2TcpRtoMin mib2TcpRtoMax mib2TcpMaxConn mib2TcpActiveOpens mib2TcpPassiveOpens
    mib2TcpAttemptFails mib2TcpEstabResets mib2TcpCurrEstab mib2TcpInSegs mib2TcpOutSegs mib2TcpRetransSegs
    mib2TcpInErrs mib2TcpOutRsts mib2TcpInCsumErrors`,
  2010: `mib2UdpInDatagrams mib2UdpNoPorts mib2UdpInErrors mib2UdpOutDatagrams mib2UdpRcvbufErrors
    mib2UdpSndbufErrors mib2UdpInCsumErrors`,
  2100: 'virtNodeMhz virtNodeCpus virtNodeMemory:u64 virtNodeMemoryFree:u64 virtNodeDomains',
  2101: 'virtCpuState virtCpuTime virtCpuNum',
  2102: 'virtMemory:u64 virtMaxMemory:u64',
  2103: `virtDiskCapacity:u64 virtDiskAllocation:u64 virtDiskAvailable:u64 virtDiskReadRequests
    virtDiskReadBytes:u64 virtDiskWriteRequests virtDiskWriteBytes:u64 virtDiskErrors`,
  2104: `virtNetBytesIn:u64 virtNetPacketsIn virtNetErrorsIn virtNetDropsIn virtNetBytesOut:u64 virtNetPacketsOut
    virtNetErrorsOut virtNetDropsOut`,
  // sFlow Java Virtual Machine Structures
  2105: 'jvmName:text jvmVendor:text jvmVersion:text',
  2106: `jmxHeapInitial:u64 jmxHeapUsed:u64 jmxHeapCommitted:u64 jmxHeapMax:u64 jmxNonHeapInitial:u64
    jmxNonHeapUsed:u64 jmxNonHeapCommitted:u64 jmxNonHeapMax:u64 jmxGcCount jmxGcTime jmxClassesLoaded
    jmxClassesTotal jmxClassesUnloaded jmxCompilationTime jmxThreadsLive jmxThreadsDaemon jmxThreadsStarted
    jmxFdOpen jmxFdMax`,
  // sFlow HTTP, Application and Memcache Structures
  2201: `httpMethodOptions httpMethodGet httpMethodHead httpMethodPost httpMethodPut httpMethodDelete
    httpMethodTrace httpMethodConnect httpMethodOther httpStatus1xx httpStatus2xx httpStatus3xx httpStatus4xx
    httpStatus5xx httpStatusOther`,
  2202: `appApplication:text appSuccess appOther appTimeout appInternalError appBadRequest appForbidden appTooLarge
    appNotImplemented appNotFound appUnavailable appUnauthorized`,
  2203: 'appUserTime appSystemTime appMemUsed:u64 appMemMax:u64 appFdOpen appFdMax appConnOpen appConnMax',
  2204: `memcacheCmdSet memcacheCmdTouch memcacheCmdFlush memcacheGetHits memcacheGetMisses memcacheDeleteHits
    memcacheDeleteMisses memcacheIncrHits memcacheIncrMisses memcacheDecrHits memcacheDecrMisses memcacheCasHits
    memcacheCasMisses memcacheCasBadval memcacheAuthCmds memcacheAuthErrors memcacheThreads memcacheConnYields
    memcacheListenDisabledNum memcacheCurrConnections memcacheRejectedConnections memcacheTotalConnections
    memcacheConnectionStructures memcacheEvictions memcacheReclaimed memcacheCurrItems memcacheTotalItems
    memcacheBytesRead:u64 memcacheBytesWritten:u64 memcacheBytes:u64 memcacheLimitMaxbytes:u64`,
  2206: 'appWorkersActive appWorkersIdle appWorkersMax appRequestsDelayed appRequestsDropped',
  // Open vSwitch datapath
  2207: 'ovsDpHits ovsDpMisses ovsDpLost ovsDpMaskHits ovsDpFlows ovsDpMasks',
  // sFlow Energy Management Structures
  3000: 'energyVoltage energyCurrent energyRealPower energyPowerFactor:i32 energyTotal energyErrors',
  3001: 'temperatureMinimum:i32 temperatureMaximum:i32 temperatureErrors',
  3002: 'humidityRelative:i32',
  3003: 'coolingFansTotal coolingFansFailed coolingFanSpeed',
  // sFlow NVML GPU Structures
  [NVIDIA + 1]: `gpuDeviceCount gpuProcesses gpuTime gpuMemTime gpuMemTotal:u64 gpuMemFree:u64 gpuEccErrors
    gpuEnergy gpuTemperature gpuFanSpeed`,
  // sFlow Broadcom Switch ASIC Table Utilization Structures
  [BROADCOM + 3]: `asicHostEntries asicHostEntriesMax asicIpv4Entries asicIpv4EntriesMax asicIpv6Entries
    asicIpv6EntriesMax asicIpv4Ipv6Entries asicIpv4Ipv6EntriesMax asicLongIpv6Entries asicLongIpv6EntriesMax
    asicTotalRoutes asicTotalRoutesMax asicEcmpNexthops asicEcmpNexthopsMax asicMacEntries asicMacEntriesMax
    asicIpv4Neighbors asicIpv6Neighbors asicIpv4Routes asicIpv6Routes asicAclIngressEntries
    asicAclIngressEntriesMax asicAclIngressCounters asicAclIngressCountersMax asicAclIngressMeters
    asicAclIngressMetersMax asicAclIngressSlices asicAclIngressSlicesMax asicAclEgressEntries
    asicAclEgressEntriesMax asicAclEgressCounters asicAclEgressCountersMax asicAclEgressMeters
    asicAclEgressMetersMax asicAclEgressSlices asicAclEgressSlicesMax`,
}

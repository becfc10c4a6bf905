import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { netflowElements, netflowEnterprises } from './element-table.ts'
import { snakeCase } from './snake-case.ts'

test('names become lower case with underscores, runs of capitals kept together', () => {
  const expected = {
    postNATSourceIPv4Address: 'post_nat_source_ipv4_address',
    selectorIDTotalFlowsObserved: 'selector_id_total_flows_observed',
    hashIPPayloadSize: 'hash_ip_payload_size',
    upperCILimit: 'upper_ci_limit',
    virtualStationUUID: 'virtual_station_uuid',
    messageMD5Checksum: 'message_md5_checksum',
    dot1qVlanId: 'dot1q_vlan_id',
    postMCastLayer2OctetDeltaCount: 'post_mcast_layer2_octet_delta_count',
    IPSecSPI: 'ip_sec_spi',
    aBCDe: 'a_bc_de',
    ingressVRFID: 'ingress_vrfid',
    waasoptimizationSegment: 'waasoptimization_segment',
    flowStartSysUpTime: 'flow_start_sys_up_time',
    VRFname: 'vrf_name',
    My_Counter: 'my_counter',
  }
  for (const [name, field] of Object.entries(expected)) assert.is(snakeCase(name), field)
})

test('1,336 elements have a field, under 1,317 names', () => {
  const names = new Set<string>()
  let count = 0
  for (const enterprise of netflowEnterprises()) {
    for (const { field } of netflowElements(enterprise).values()) {
      count++
      names.add(field)
    }
  }
  assert.is(count, 1336)
  assert.is(names.size, 1317)
})

test.run()

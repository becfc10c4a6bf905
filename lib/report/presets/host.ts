import { parseAddress } from '../../bytes/address.ts'
import { FlowError } from '../../diagnostics/flow-error.ts'
import type { Preset } from './preset.ts'

export const HOST: Preset = {
  name: 'host',
  summary: 'All about one address: course, peers, services, systems, scans, NAT.',
  description:
    'A page about one address, of both families alike. Services are used where the address asked their port, offered ' +
    'where others asked them of it. Scans are found as by analyze scan; NAT lists the addresses behind which it went out.',
  operand: { value: 'ADDRESS', choices: null, isRequired: true },
  flags: [],
  examples: [
    { says: 'All about an address', line: 'weir analyze host 10.20.30.40 --in flows' },
    {
      says: 'Of yesterday, ten of each',
      line: 'weir analyze host 10.20.30.40 --in flows --last 1d --top 10',
    },
    { says: 'For a script', line: 'weir analyze host 2001:db8::7 --in flows --format json' },
  ],
  async plan(asked) {
    const address = asked.operand ?? ''
    if (!parseAddress(address, new Uint32Array(4)))
      throw new FlowError('QUERY_INVALID', `host: ${address} is no IP address`)
    const { hostPlan } = await import('../host/host-report.ts')
    return hostPlan(address, asked)
  },
}

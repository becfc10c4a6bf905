import { isInNetwork, isIpv4, parseNetwork } from '../bytes/address.ts'
import {
  isAnyAddress,
  isGlobalUnicast,
  isHostOrLinkLocal,
  isInterfaceLocalMulticast,
  isLinkLocalMulticast,
  isLinkLocalUnicast,
  isLoopback,
  isMulticast,
  isPrivate,
} from '../bytes/address-class.ts'

/** Tells our own networks from the rest of the world. */
export interface Locality {
  /** Whether the address at `at` (four words, IPv4 mapped) is one of ours. */
  isInternal(words: Uint32Array, at: number): boolean
}

/** Whether the address at `at` (four words, IPv4 mapped) is one of those meant. */
export type AddressTest = (words: Uint32Array, at: number) => boolean

/** The names that Elastic's `internal_networks` knows, beside prefixes. */
const NAMED: ReadonlyMap<string, AddressTest> = new Map([
  ['loopback', isLoopback],
  ['unicast', isGlobalUnicast],
  ['global_unicast', isGlobalUnicast],
  ['link_local_unicast', isLinkLocalUnicast],
  ['interface_local_multicast', isInterfaceLocalMulticast],
  ['link_local_multicast', isLinkLocalMulticast],
  ['multicast', isMulticast],
  ['unspecified', isAnyAddress],
  ['private', isPrivate],
  ['public', (words, at) => !isPrivate(words, at) && !isHostOrLinkLocal(words, at)],
])

/** Names that can stand in a list of internal networks, for help and messages. */
export const NAMED_NETWORKS: readonly string[] = [...NAMED.keys()]

/** What Elastic takes as internal when nothing is said. */
export const DEFAULT_INTERNAL_NETWORKS: readonly string[] = ['private']

/** The test for a prefix or one of Elastic's names, null for anything else. */
export function networkTest(item: string): AddressTest | null {
  const named = NAMED.get(item)
  if (named !== undefined) return named
  // A lone address is no network to Elastic.
  const network = item.includes('/') ? parseNetwork(item) : null
  if (network === null) return null
  // A prefix holds addresses of its own family only: not even ::/0 holds IPv4.
  const isV4 = network.bits >= 96 && isIpv4(network.words, 0)
  return (words, at) => isIpv4(words, at) === isV4 && isInNetwork(words, at, network)
}

/** Items of the list that are neither a prefix nor a known name. */
export function unknownNetworks(items: readonly string[]): string[] {
  return items.filter((item) => networkTest(item) === null)
}

/**
 * The locality of Elastic's option `internal_networks`: one of `items` matches, or the address means something only on its
 * host or link. An unknown item ends the list, and then everything that no earlier item matched is external, as there.
 */
export function elasticLocality(items: readonly string[]): Locality {
  const tests: AddressTest[] = []
  let broken = false
  for (const item of items) {
    const test = networkTest(item)
    broken = test === null
    if (test === null) break
    tests.push(test)
  }
  return {
    isInternal(words, at) {
      for (let i = 0; i < tests.length; i++) if (tests[i]!(words, at)) return true
      return !broken && isHostOrLinkLocal(words, at)
    },
  }
}

/** `network.direction` of a flow both of whose ends have a locality, in ECS' words. */
export function directionOf(sourceInternal: boolean, destinationInternal: boolean): EcsDirection {
  if (sourceInternal) return destinationInternal ? 'internal' : 'outbound'
  return destinationInternal ? 'inbound' : 'external'
}

export type EcsDirection = 'inbound' | 'outbound' | 'internal' | 'external'

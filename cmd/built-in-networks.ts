import { BuiltInNetworks } from '../lib/enrich/built-in-networks.ts'
import { readDataFile } from './runtime.ts'

let networks: BuiltInNetworks | null = null

/** The table of autonomous systems and countries that the executable carries; read once, unpacked when asked for. */
export function builtInNetworks(): BuiltInNetworks {
  networks ??= new BuiltInNetworks(readDataFile('networks.bin'))
  return networks
}

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { GivenFlags } from './flags.ts'

/** Adds what the configuration files say to the flags of a command; flags given by hand win. */
export async function withConfiguration(name: string, given: GivenFlags): Promise<GivenFlags> {
  const files = configurationFiles(given)
  // Most runs have none, and start the sooner for it.
  if (files.length === 0) return given
  const { mergeConfiguration } = await import('./config-file.ts')
  return mergeConfiguration(name, given, files)
}

/** The files that apply, the later ones winning: what `--config` names, or else the usual ones that exist. */
export function configurationFiles(given: GivenFlags): string[] {
  const named = given.get('config')?.values.at(-1)
  if (named !== undefined) return [named]
  const home = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config')
  return ['/etc/weir/weir.yaml', join(home, 'weir/weir.yaml')].filter((file) => existsSync(file))
}

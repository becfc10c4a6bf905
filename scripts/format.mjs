// Formats all sources and applies Biome's safe fixes.
import { spawnSync } from 'node:child_process'

process.exitCode =
  spawnSync(process.execPath, ['node_modules/.bin/biome', 'check', '--write'], { stdio: 'inherit' }).status ??
  1

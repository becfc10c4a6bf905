import { fstatSync } from 'node:fs'

export const STDOUT = 1
export const STDERR = 2

/**
 * Whether somebody's terminal is at a descriptor of `STDOUT` or `STDERR`. Node's own stream, which takes long to load, is
 * asked only where it may be one.
 */
export function isTerminal(fd: typeof STDOUT | typeof STDERR): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false
  } catch {
    return false
  }
  return (fd === STDOUT ? process.stdout : process.stderr).isTTY === true
}

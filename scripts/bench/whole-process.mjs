// Times of whole processes, as users wait for them: on the clock and of the processors, in milliseconds.
import { spawnSync } from 'node:child_process'

const SCRIPT = 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null 2> /dev/null'

/** What one run of a command takes; null where it fails. */
export function timesOf(command, args) {
  const { status, stderr } = spawnSync('bash', ['-c', SCRIPT, '--', command, ...args], { encoding: 'utf8' })
  if (status !== 0) return null
  const [wall, user, system] = stderr
    .trim()
    .split(/\s+/)
    .map((seconds) => Number(seconds) * 1000)
  return { wall, cpu: user + system }
}

/** Times that any are better than. */
export const NONE = { wall: Number.POSITIVE_INFINITY, cpu: Number.POSITIVE_INFINITY }

/** The lesser ones of both. */
export const better = (a, b) => ({ wall: Math.min(a.wall, b.wall), cpu: Math.min(a.cpu, b.cpu) })

/** The best of so many runs; null where one fails. */
export function bestTimesOf(command, args, runs) {
  let best = NONE
  for (let run = 0; run < runs; run++) {
    const times = timesOf(command, args)
    if (times === null) return null
    best = better(best, times)
  }
  return best
}

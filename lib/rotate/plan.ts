import { dirname } from 'node:path'
import { expireOldLogs } from './expire.ts'
import { nameOf } from './holders.ts'
import type { Journal } from './journal.ts'
import { SUFFIXES } from './name-pattern.ts'
import type { RotateSettings } from './rotate.ts'
import { freeName } from './steps.ts'
import type { Writer } from './writer.ts'

/** Says what a run would do with one log, and does nothing. */
export function planRotation(
  path: string,
  journal: Journal,
  isRotated: boolean,
  writer: Writer,
  settings: RotateSettings,
): void {
  const { say, names, now, compression, command, isCopyTruncate } = settings
  for (const { aside, step } of journal.rotations) say(`would go on with ${aside} at the step ${step}`)
  const spared = new Set(
    journal.rotations.flatMap(({ aside, target, final }) => [aside, target, final ?? '']),
  )
  if (isRotated) {
    const target = freeName(path, names, now(), journal.rotations)
    if (isCopyTruncate) say(`would copy ${path} to ${target} and empty it`)
    else {
      say(`would rename ${path} to ${target}`)
      say(telling(writer, settings.signal))
    }
    if (settings.archiver !== null) say(`would archive it in ${dirname(settings.archiver.workFolder(''))}`)
    if (compression !== 'none') say(`would compress it to ${target}${SUFFIXES[compression]}`)
    if (command !== null) say(`would run ${command}`)
  }
  for (const { path: old, octets, why } of expireOldLogs(
    path,
    names,
    settings.keep,
    spared,
    now().getTime(),
    true,
  )) {
    say(`would remove ${old}, ${octets} octets, because of its ${why}`)
  }
}

function telling(writer: Writer, signal: string): string {
  if (writer.is === 'process') return `would send ${signal} to process ${writer.pid} (${nameOf(writer.pid)})`
  if (writer.is === 'command') return `would run ${writer.command}`
  return writer.is === 'gone' ? `would tell nobody: ${writer.why}` : 'would tell nobody'
}

import { openArchive } from '../../lib/archive/archive-reader.ts'
import { liveFiles } from '../../lib/archive/live-files.ts'
import { F } from '../../lib/flow/fields.ts'

/** What is wrong with the numbers in an archive, where 1 to `count` should stand once each; empty if nothing. */
export function archiveFaults(directory: string, count: number): string[] {
  const seen = new Uint8Array(count + 1)
  const faults: string[] = []
  for (const { path, state } of liveFiles([directory])) {
    if (state !== 'finished') faults.push(`${path} is ${state}`)
    const reader = openArchive(path)
    for (const [index, { rows }] of reader.blocks.entries()) {
      const column = reader.block(index)?.read(F.octetDeltaCount, reader.problems)?.column
      if (column?.shape !== 'fixed') continue
      for (let row = 0; row < rows; row++) {
        const number = Number(column.wide[row])
        if (number < 1 || number > count) faults.push(`${path}: strange number ${number}`)
        else if (++seen[number]! > 1) faults.push(`${path}: line ${number} twice`)
      }
    }
    for (const { what } of reader.problems) faults.push(`${path}: ${what}`)
    reader.close()
  }
  for (let number = 1; number <= count; number++) {
    if (seen[number] === 0) faults.push(`line ${number} is missing`)
  }
  return faults
}

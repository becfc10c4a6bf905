import { setFlagsFromString } from 'node:v8'
import { isFlowFile } from '../lib/report/block-pass.ts'
import type { FlowInputs } from './flow-inputs.ts'

/** Fewer rows are done before V8 has compiled anything twice. */
const MANY_ROWS = 100_000

/** Has V8 compile for long work where the inputs are long; what is set stays set for the process. */
export function tuneFor({ flows }: Pick<FlowInputs, 'flows'>): void {
  let rows = 0
  for (const input of flows) {
    if (isFlowFile(input)) for (const block of input.blocks) rows += block.rows
    else rows += MANY_ROWS
  }
  // Maglev would inline the kernels into code that never reaches the compiler that keeps 64-bit sums in registers.
  if (rows >= MANY_ROWS) setFlagsFromString('--no-maglev-inlining')
}

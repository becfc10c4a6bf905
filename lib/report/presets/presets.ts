import { AS } from './as.ts'
import { CAPACITY } from './capacity.ts'
import { COMBO } from './combo.ts'
import { COUNT } from './count.ts'
import { DDOS } from './ddos.ts'
import { DIFF } from './diff.ts'
import { HOST } from './host.ts'
import { LIST } from './list.ts'
import { LOCAL } from './local.ts'
import { MATRIX } from './matrix.ts'
import { NAT } from './nat.ts'
import { NEW } from './new.ts'
import { P95 } from './p95.ts'
import type { Preset } from './preset.ts'
import { QUALITY } from './quality.ts'
import { SCAN } from './scan.ts'
import { SERIES } from './series.ts'
import { TOP } from './top.ts'

/** Every report there is, in the order of the help. */
export const PRESETS: readonly Preset[] = [
  LOCAL,
  AS,
  COMBO,
  SERIES,
  TOP,
  P95,
  MATRIX,
  DIFF,
  NEW,
  CAPACITY,
  SCAN,
  DDOS,
  NAT,
  HOST,
  QUALITY,
  LIST,
  COUNT,
]

import type { Stretch, Stretches } from './stretches.ts'

type Hole = readonly [from: string, to: string, lost: number]
type StoredStretch = readonly [
  exporter: string,
  first: string,
  last: string,
  datagrams: number,
  firstSequence: number,
  lastSequence: number,
  expected: number,
  unit: Stretch['unit'],
  holes: readonly Hole[],
]

/** Stretches as JSON holds them: by block. */
export type StoredStretches = readonly (readonly [block: number, stretches: readonly StoredStretch[]])[]

/** What is stored of stretches by block. */
export function storedOf(blocks: Iterable<readonly [number, Stretches]>): StoredStretches {
  return [...blocks].map(([block, stretches]) => [
    block,
    [...stretches].map(([exporter, each]): StoredStretch => {
      const { firstNs, lastNs, datagrams, firstSequence, lastSequence, expected, unit } = each
      const holes = each.holes.map(({ fromNs, toNs, lost }): Hole => [`${fromNs}`, `${toNs}`, lost])
      const numbers = [datagrams, firstSequence, lastSequence, expected] as const
      return [exporter, `${firstNs}`, `${lastNs}`, ...numbers, unit, holes]
    }),
  ])
}

/** The stretches that were stored; throws for what is none. */
export function stretchesFrom(stored: StoredStretches): ReadonlyMap<number, Stretches> {
  return new Map(
    stored.map(([block, stretches]) => [
      block,
      new Map(
        stretches.map(
          ([exporter, first, last, datagrams, firstSequence, lastSequence, expected, unit, holes]) => [
            exporter,
            {
              firstNs: BigInt(first),
              lastNs: BigInt(last),
              datagrams,
              firstSequence,
              lastSequence,
              expected,
              unit,
              holes: holes.map(([from, to, lost]) => ({ fromNs: BigInt(from), toNs: BigInt(to), lost })),
            },
          ],
        ),
      ),
    ]),
  )
}

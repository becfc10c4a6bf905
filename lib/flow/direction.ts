/** Which way a flow went, seen from the local networks: towards, from, inside, past them. */
export type FlowDirection = 'in' | 'out' | 'internal' | 'transit'

/** Directions by number: bit 0 says that the source is local, bit 1 that the destination is. */
export const DIRECTIONS: readonly FlowDirection[] = ['transit', 'out', 'in', 'internal']

/** The direction of a flow between a source and a destination that are local or not. */
export function flowDirection(isSourceLocal: boolean, isDestinationLocal: boolean): FlowDirection {
  return DIRECTIONS[(isSourceLocal ? 1 : 0) | (isDestinationLocal ? 2 : 0)]!
}

/**
 * A window that moves over octets that are read once, from front to back: `[from, to)` of `octets` is what was read
 * and not yet used. Who uses octets raises `from`.
 */
export interface OctetWindow {
  readonly octets: Uint8Array
  from: number
  readonly to: number
  /** Octets that lie before the window. */
  readonly position: number
  /** Why reading stopped before the end, if it did. */
  readonly damage: string | undefined
  /** Reads on until the window holds `octets`; false where the input ends before. May move what the window holds. */
  more(octets: number): Promise<boolean>
  close(): Promise<void>
}

/** Why a stream, a column or a frame cannot be believed. Never leaves the room: callers report it as a problem. */
export class Damage extends Error {
  override name = 'Damage'
}

/** Something in a file that could not be read, and where. */
export interface Problem {
  /** Octet in the file at which the frame begins. */
  readonly at: number
  readonly what: string
}

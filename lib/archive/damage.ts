/** Why a stream, a column or a frame cannot be believed. Never leaves the room: callers report it as a problem. */
export class Damage extends Error {
  override name = 'Damage'
}

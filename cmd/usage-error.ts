/** The user asked for something that cannot be: one line for stderr, exit status 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

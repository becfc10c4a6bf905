import { UsageError } from '../usage-error.ts'

/** Tells which paths one of the expressions (RE2) matches; throws UsageError for one that is none. */
export async function excludes(expressions: readonly string[]): Promise<(path: string) => boolean> {
  if (expressions.length === 0) return () => false
  const { RE2JS } = await import('re2js')
  const compiled = expressions.map((text) => {
    try {
      return RE2JS.compile(text)
    } catch (error) {
      const why = (error as Error).message.split('\n')[0]
      throw new UsageError(
        `--exclude-files: got ${JSON.stringify(text)}, want a regular expression (RE2): ${why}`,
      )
    }
  })
  return (path) => compiled.some((expression) => expression.matcher(path).find())
}

/** Longest pattern that is compiled: its program grows with it. */
const LONGEST = 1000

let compile: ((text: string) => (value: string) => boolean) | null = null

/**
 * Loads the engine of regular expressions (RE2: time linear in the text). To be awaited before a filter with `~` is
 * parsed; other filters do without it, and start sooner.
 */
export async function loadEngine(): Promise<void> {
  if (compile !== null) return
  const { RE2JS } = await import('re2js')
  compile = (text) => {
    const compiled = RE2JS.compile(text)
    return (value) => compiled.test(value)
  }
}

/** Compiles a pattern that is looked for anywhere in a text; throws an Error that says why it cannot. */
export function patternOf(text: string): (value: string) => boolean {
  if (text.length > LONGEST) throw new Error(`it has more than ${LONGEST} characters`)
  if (compile === null) throw new Error('patterns are not available here')
  return compile(text)
}

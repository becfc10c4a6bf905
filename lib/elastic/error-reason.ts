/** What a server gives as its reason, behind a colon, on one line; empty where the body has none. Secrets are never in it. */
export function errorReason(body: string): string {
  let words: (string | undefined)[]
  try {
    const { error } = JSON.parse(body) as { error?: unknown }
    words = typeof error === 'string' ? [error] : reasonsOf(error, 0)
  } catch {
    return ''
  }
  const text = [...new Set(words.filter((word) => typeof word === 'string'))].join(': ')
  return text === '' ? '' : `: ${text.slice(0, 400).replaceAll(/\s+/g, ' ')}`
}

const DEEPEST = 8

/** A reason and those of its causes. */
function reasonsOf(error: unknown, depth: number): (string | undefined)[] {
  if (typeof error !== 'object' || error === null || depth > DEEPEST) return []
  const { reason, caused_by: cause } = error as { reason?: unknown; caused_by?: unknown }
  return [typeof reason === 'string' ? reason : undefined, ...reasonsOf(cause, depth + 1)]
}

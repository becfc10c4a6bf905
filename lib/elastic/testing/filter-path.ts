/** A reply cut down to what `filter_path` names, such as `errors,items.*.status`; `*` stands for any one name. */
export function filtered(body: unknown, filter: string | null): unknown {
  if (filter === null) return body
  return cut(
    body,
    filter.split(',').map((path) => path.split('.')),
  )
}

function cut(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return value
  // Lists are looked through: a path has no word for them.
  if (Array.isArray(value)) return value.map((item) => cut(item, paths))
  if (typeof value !== 'object' || value === null) return undefined
  const kept: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(value)) {
    const rest = paths.filter(([word]) => word === name || word === '*').map((path) => path.slice(1))
    const part = rest.length === 0 ? undefined : cut(inner, rest)
    if (part !== undefined) kept[name] = part
  }
  return kept
}

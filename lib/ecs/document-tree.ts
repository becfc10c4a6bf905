/** Takes a value out of a document at run time: goes on behind it when the condition holds. */
export interface Condition {
  /** A SKIP. */
  readonly skip: number
  readonly a: number
}

/** What a document holds under a name: text that is always the same, a value of the row, or more names. */
export type DocumentValue = ConstantValue | RowValue | DocumentObject

export interface ConstantValue {
  readonly kind: 'constant'
  readonly json: string
  readonly unless: Condition | null
}

export interface RowValue {
  readonly kind: 'row'
  /** A PRINT and its two numbers. */
  readonly print: number
  readonly a: number
  readonly b: number
  /** Whether quotes stand around it. */
  readonly isQuoted: boolean
  readonly unless: Condition | null
}

export interface DocumentObject {
  readonly kind: 'object'
  readonly entries: Map<string, DocumentValue>
}

/** A value that is always the same. */
export function constant(value: unknown, unless: Condition | null = null): ConstantValue {
  return { kind: 'constant', json: JSON.stringify(value), unless }
}

/** A value that each row has its own of. */
export function rowValue(
  print: number,
  a = 0,
  b = 0,
  isQuoted = false,
  unless: Condition | null = null,
): RowValue {
  return { kind: 'row', print, a, b, isQuoted, unless }
}

export function emptyObject(): DocumentObject {
  return { kind: 'object', entries: new Map() }
}

/** The object under dotted `path`, made where it is missing; what is no object there gives way. */
export function objectAt(root: DocumentObject, path: string): DocumentObject {
  let object = root
  for (const name of path.split('.')) {
    const inner = object.entries.get(name)
    if (inner?.kind === 'object') {
      object = inner
      continue
    }
    const made = emptyObject()
    object.entries.set(name, made)
    object = made
  }
  return object
}

/** What stands under a dotted path. */
export function valueAt(root: DocumentObject, path: string): DocumentValue | undefined {
  let value: DocumentValue | undefined = root
  for (const name of path.split('.')) {
    if (value?.kind !== 'object') return undefined
    value = value.entries.get(name)
  }
  return value
}

/** Puts a value under a dotted path. */
export function setValue(root: DocumentObject, path: string, value: DocumentValue): void {
  const dot = path.lastIndexOf('.')
  const parent = dot < 0 ? root : objectAt(root, path.slice(0, dot))
  parent.entries.set(path.slice(dot + 1), value)
}

/** Takes what stands under a dotted path away, and objects that are empty then; returns whether it was there. */
export function removeValue(root: DocumentObject, path: string): boolean {
  const dot = path.indexOf('.')
  if (dot < 0) return root.entries.delete(path)
  const name = path.slice(0, dot)
  const inner = root.entries.get(name)
  if (inner?.kind !== 'object' || !removeValue(inner, path.slice(dot + 1))) return false
  if (inner.entries.size === 0) root.entries.delete(name)
  return true
}

/** Adds plain data to an object; objects are joined, anything else is replaced. */
export function addFields(root: DocumentObject, fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      setValue(root, name, constant(value))
    } else addFields(objectAt(root, name), value as Readonly<Record<string, unknown>>)
  }
}

import type { Condition } from './condition.ts'

/** A condition as text: its primitives as they were written, brackets only where they are needed. */
export function explained(condition: Condition): string {
  return text(condition, 0)
}

/** `level`: 0 anything may stand here, 1 within `and`, 2 behind `not`. */
function text(condition: Condition, level: number): string {
  switch (condition.is) {
    case 'written':
      return condition.text
    case 'constant':
      return condition.value ? 'any' : 'not any'
    case 'not':
      return `not ${text(condition.part, 2)}`
    case 'or':
      return bracketed(condition.parts.map((part) => text(part, 0)).join(' or '), level > 0)
    case 'and':
      return bracketed(condition.parts.map((part) => text(part, 1)).join(' and '), level > 1)
    default:
      // Tests stand within what was written.
      return 'any'
  }
}

function bracketed(inner: string, isNeeded: boolean): string {
  return isNeeded ? `(${inner})` : inner
}

import { APPLICATION_ID } from '../flow/said-texts.ts'
import { all, any, type Condition } from './condition.ts'
import { SAID } from './nouns.ts'
import type { Reading } from './reading.ts'
import { takeTextTail } from './tails.ts'

/** What the exporter calls the flow's application, or an interface of it. */
export function saidName(reading: Reading, word: string): Condition {
  const { cursor, names } = reading
  const { fields, otherwise } = SAID[word]!
  const { applicationName, interfaceName } = names
  const start = cursor.place
  // Of several columns all must differ.
  const isNegated = ['!=', '<>', '!~'].some((sign) => cursor.isSign(sign)) || cursor.word() === 'ne'
  const parts = fields.flatMap((field): Condition[] => {
    cursor.place = start
    if (field === APPLICATION_ID) {
      if (applicationName === undefined) return []
      return [takeTextTail(reading, field, { of: 'application', field, name: applicationName })]
    }
    if (interfaceName === undefined) return []
    return [takeTextTail(reading, field, { of: 'interface', field, name: interfaceName })]
  })
  if (parts.length > 0) return isNegated ? all(parts) : any(parts)
  if (otherwise !== null) return takeTextTail(reading, otherwise)
  throw cursor.fault(
    `only weir analyze knows names that exporters gave, as ${word} asks for`,
    cursor.peek(-1),
  )
}

/**
 * The name under which Elastic's documents hold an element: `postNATSourceIPv4Address` becomes
 * `post_nat_source_ipv4_address`. A name that has an underscore is only put in lower case.
 */
export function snakeCase(name: string): string {
  if (name === 'VRFname') return 'vrf_name'
  if (name.includes('_')) return name.toLowerCase()
  let text = ''
  // Capitals in a row; the first letter of a name counts as if one had come before.
  let capitals = 1
  for (const letter of name) {
    if (letter >= 'A' && letter <= 'Z') {
      if (capitals === 0) text += '_'
      capitals++
      text += letter.toLowerCase()
      continue
    }
    // The last capital of a run begins the next word.
    if (capitals > 2) text = `${text.slice(0, -1)}_${text.slice(-1)}`
    capitals = 0
    text += letter
  }
  return text
}

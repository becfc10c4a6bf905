import { printable } from '../formats/human.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\u2028': ' ',
  '\u2029': ' ',
}

/** A text as it stands in elements and in quoted attributes: names in it come from other people's packets. */
export function escaped(text: string): string {
  return printable(text).replace(/[&<>"'\u2028\u2029]/g, (letter) => ENTITIES[letter]!)
}

/** JSON for a data block of a page: nothing in it can end the block. */
export function dataText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

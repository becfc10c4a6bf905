/** A Field Specifier; names and order are those of goflow2's JSON, here and in all trees of this folder. */
export interface TemplateField {
  'pen-provided': boolean
  type: number
  /** Octets, 65535 for a variable length. */
  length: number
  pen: number
}

export class DataTemplate {
  'template-id' = 0
  'field-count' = 0
  fields: TemplateField[] = []
}

export class Netflow9OptionsTemplate {
  'template-id' = 0
  'scope-length' = 0
  'option-length' = 0
  scopes: TemplateField[] = []
  options: TemplateField[] = []
}

export class IpfixOptionsTemplate {
  'template-id' = 0
  'field-count' = 0
  'scope-field-count' = 0
  options: TemplateField[] = []
  scopes: TemplateField[] = []
}

export type Template = DataTemplate | Netflow9OptionsTemplate | IpfixOptionsTemplate

/** The templates of one exporter, by `templateKey`. */
export type SourceTemplates = Map<number, Template>

/** goflow2's key of a template; exact, for 10 * 2^48 is below 2^53. */
export function templateKey(version: number, domain: number, id: number): number {
  return version * 2 ** 48 + domain * 65536 + id
}

/** What exporters can make us remember, where goflow2 knows no bound. */
const MAX_SOURCES = 65_536
const MAX_FIELDS = 4_194_304

/** Templates by exporter's address and port. The oldest exporters are forgotten when there are too many. */
export class TemplateStore {
  readonly #sources = new Map<string, SourceTemplates>()
  /** Fields, plus one for each template. */
  #fields = 0

  /** The templates of an exporter, made on first sight. */
  of(source: string): SourceTemplates {
    let templates = this.#sources.get(source)
    if (templates === undefined) {
      templates = new Map()
      this.#sources.set(source, templates)
      if (this.#sources.size > MAX_SOURCES) this.#forgetOldest()
    }
    return templates
  }

  add(templates: SourceTemplates, key: number, template: Template): void {
    const known = templates.get(key)
    if (known !== undefined) this.#fields -= weight(known)
    templates.set(key, template)
    this.#fields += weight(template)
    while (this.#fields > MAX_FIELDS && this.#sources.size > 0) this.#forgetOldest()
  }

  /** What goflow2's /templates shows, in its order. */
  toJson(): Record<string, Record<string, Template>> {
    const all: Record<string, Record<string, Template>> = {}
    for (const source of [...this.#sources.keys()].sort()) {
      const templates = this.#sources.get(source)!
      const shown: Record<string, Template> = {}
      // Keys beyond 2^32 are no array indices, so that an object keeps them in the order in which they come.
      for (const key of [...templates.keys()].map(String).sort()) shown[key] = templates.get(Number(key))!
      all[source] = shown
    }
    return all
  }

  #forgetOldest(): void {
    const [oldest] = this.#sources
    if (oldest === undefined) return
    for (const template of oldest[1].values()) this.#fields -= weight(template)
    oldest[1].clear()
    this.#sources.delete(oldest[0])
  }
}

function weight(template: Template): number {
  return (
    1 + ('fields' in template ? template.fields.length : template.scopes.length + template.options.length)
  )
}

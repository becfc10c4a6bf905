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
export class SourceTemplates {
  readonly byKey = new Map<number, Template>()
  /** Set when there were too many exporters: what is added later is lost. */
  isForgotten = false
}

/** goflow2's key of a template; exact, for 10 * 2^48 is below 2^53. */
export function templateKey(version: number, domain: number, id: number): number {
  return version * 2 ** 48 + domain * 65536 + id
}

/** What exporters can make us remember, where goflow2 knows no bound. A template weighs as much as eight fields. */
const MAX_SOURCES = 65_536
const MAX_FIELDS = 4_194_304
const TEMPLATE_WEIGHT = 8

/** Templates by exporter's address and port. The oldest exporters are forgotten when there are too many. */
export class TemplateStore {
  readonly #sources = new Map<string, SourceTemplates>()
  #weight = 0

  /** The templates of an exporter, made on first sight. */
  of(source: string): SourceTemplates {
    let templates = this.#sources.get(source)
    if (templates === undefined) {
      templates = new SourceTemplates()
      this.#sources.set(source, templates)
      if (this.#sources.size > MAX_SOURCES) this.#forgetOldest()
    }
    return templates
  }

  add(templates: SourceTemplates, key: number, template: Template): void {
    if (templates.isForgotten) return
    const known = templates.byKey.get(key)
    if (known !== undefined) this.#weight -= weight(known)
    templates.byKey.set(key, template)
    this.#weight += weight(template)
    while (this.#weight > MAX_FIELDS) this.#forgetOldest()
  }

  /** What goflow2's /templates shows, in its order. */
  toJson(): Record<string, Record<string, Template>> {
    const all: Record<string, Record<string, Template>> = {}
    for (const source of [...this.#sources.keys()].sort()) {
      const { byKey } = this.#sources.get(source)!
      const shown: Record<string, Template> = {}
      // Keys beyond 2^32 are no array indices, so that an object keeps them in the order in which they come.
      for (const key of [...byKey.keys()].map(String).sort()) shown[key] = byKey.get(Number(key))!
      all[source] = shown
    }
    return all
  }

  #forgetOldest(): void {
    const [source, templates] = this.#sources.entries().next().value!
    for (const template of templates.byKey.values()) this.#weight -= weight(template)
    templates.byKey.clear()
    templates.isForgotten = true
    this.#sources.delete(source)
  }
}

function weight(template: Template): number {
  const fields =
    'fields' in template ? template.fields.length : template.scopes.length + template.options.length
  return TEMPLATE_WEIGHT + fields
}

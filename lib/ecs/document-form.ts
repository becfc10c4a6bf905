/** The finished document, or what Elastic Agent sends before the integration's pipeline. */
export type DocumentForm = 'final' | 'agent'

/** ECS version of the final form: what the integration's pipeline writes today. */
export const ECS_VERSION = '8.17.0'

import type { DocumentObject } from './document-tree.ts'

/** Changes a document while it is compiled: rows pay nothing for it. */
export type DocumentStep = (root: DocumentObject) => void

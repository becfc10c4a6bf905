/** What goflow2 would have said: the reader of a datagram, the mapping of a value or the writing of a message. */
export type FaultKind = 'template' | 'decode' | 'produce' | 'format' | 'panic'

/** Why a datagram, or the rest of it, is lost. Returned, never thrown: faults come from the network. */
export class Fault {
  readonly kind: FaultKind
  /** goflow2's words. */
  readonly message: string

  constructor(kind: FaultKind, message: string) {
    this.kind = kind
    this.message = message
  }

  /** The same fault with words before it. */
  within(context: string): Fault {
    return new Fault(this.kind, context + this.message)
  }
}

/** What goflow2 says wherever octets are missing. */
export const CUT_SHORT = 'unexpected EOF'

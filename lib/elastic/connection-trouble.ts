/** OpenSSL's codes of certificates that lead to nobody who is trusted; Node's own text is about its flags, not ours. */
const UNTRUSTED = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there: connection refused',
  ECONNRESET: 'it reset the connection',
  EHOSTUNREACH: 'no way leads to its address',
  ENETUNREACH: 'no way leads to its network',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'its name cannot be looked up now',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: is its address http://?',
  UND_ERR_CONNECT_TIMEOUT: 'connecting takes too long',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer in time',
  UND_ERR_BODY_TIMEOUT: 'its answer stops in the middle',
}

/** Why a server cannot be spoken to, in words for who has named it; `hasAnswered`: it could be before. */
export function connectionTrouble(error: unknown, isTls: boolean, hasAnswered: boolean): Error {
  const why = reason(error as NodeJS.ErrnoException, isTls, hasAnswered)
  return why === null ? (error as Error) : new Error(why, { cause: error })
}

function reason(
  { code = '', name }: NodeJS.ErrnoException,
  isTls: boolean,
  hasAnswered: boolean,
): string | null {
  if (UNTRUSTED.includes(code)) {
    return 'nobody who is trusted has signed its certificate: name who has with --ca or --ca-fingerprint'
  }
  if (code === 'UND_ERR_SOCKET') {
    const hint = isTls || hasAnswered ? '' : ': is its address https://?'
    return `it closed the connection without an answer${hint}`
  }
  if (name === 'HTTPParserError') return 'it does not speak HTTP'
  if (name === 'TimeoutError') return 'it does not answer in time'
  return REASONS[code] ?? null
}

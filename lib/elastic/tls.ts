import { X509Certificate } from 'node:crypto'
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls'
import { FlowError } from '../diagnostics/flow-error.ts'

/** How a server's certificate is checked, in Elastic's words. */
export type VerificationMode = 'full' | 'strict' | 'certificate' | 'none'

export interface TlsOptions {
  readonly verification: VerificationMode
  /** PEM texts of authorities to trust instead of the system's. */
  readonly authorities: readonly string[]
  /** Hexadecimal SHA-256 of an authority's certificate to trust if it is in the chain; null for none. */
  readonly authorityFingerprint: string | null
  readonly certificate: string | null
  readonly key: string | null
  readonly keyPassphrase: string | null
  /** Name to ask for and to check instead of the host's; null for that. */
  readonly serverName: string | null
}

export const DEFAULT_TLS: TlsOptions = {
  verification: 'full',
  authorities: [],
  authorityFingerprint: null,
  certificate: null,
  key: null,
  keyPassphrase: null,
  serverName: null,
}

/** What a TLS connection is opened with. */
export interface SecureOptions {
  readonly minVersion: 'TLSv1.2'
  readonly ca?: string[]
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly servername?: string
  readonly rejectUnauthorized: boolean
  readonly checkServerIdentity: (host: string, peer: PeerCertificate) => Error | undefined
}

/** The options of a TLS connection; throws CONFIG_INVALID for a fingerprint that is none, or half a key pair. */
export function connectionOptions(options: TlsOptions): SecureOptions {
  const { verification, authorities, certificate, key, keyPassphrase, serverName } = options
  if ((certificate === null) !== (key === null)) {
    throw new FlowError(
      'CONFIG_INVALID',
      'a client certificate needs its key, and the other way round: give --cert and --key',
    )
  }
  const pinned = options.authorityFingerprint === null ? null : fingerprintOf(options.authorityFingerprint)
  return {
    minVersion: 'TLSv1.2',
    ...(authorities.length === 0 ? {} : { ca: [...authorities] }),
    ...(certificate === null || key === null ? {} : { cert: certificate, key }),
    ...(keyPassphrase === null ? {} : { passphrase: keyPassphrase }),
    ...(serverName === null ? {} : { servername: serverName }),
    // With a fingerprint the chain is looked at once it is there: see `checkPinned`.
    rejectUnauthorized: verification !== 'none' && pinned === null,
    checkServerIdentity: (host, peer) => checkName(verification, serverName ?? host, peer),
  }
}

function checkName(verification: VerificationMode, host: string, peer: PeerCertificate): Error | undefined {
  if (verification === 'none' || verification === 'certificate') return undefined
  if (verification === 'strict' && !peer.subjectaltname) {
    return new Error('the certificate has no subject alternative name')
  }
  return checkServerIdentity(host, peer)
}

/** 64 hexadecimal digits, however they were separated. */
function fingerprintOf(text: string): string {
  const digits = text.replaceAll(/[:\s]/g, '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(digits)) {
    throw new FlowError(
      'CONFIG_INVALID',
      `--ca-fingerprint ${text}: want the 64 hexadecimal digits of a SHA-256`,
    )
  }
  return digits
}

/**
 * Why the connection of `socket` is not to be trusted, or null: a certificate of its chain must have the fingerprint, and
 * have signed those before it.
 */
export function checkPinned(socket: TLSSocket, options: TlsOptions, host: string): string | null {
  if (options.authorityFingerprint === null || options.verification === 'none') return null
  const pinned = fingerprintOf(options.authorityFingerprint)
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return 'the server has shown no certificate'
  let peer = socket.getPeerCertificate(true)
  let child: X509Certificate | null = null
  const seen = new Set<string>()
  for (;;) {
    const certificate = new X509Certificate(peer.raw)
    const print = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    if (child !== null && !child.verify(certificate.publicKey)) return 'its chain of certificates is broken'
    if (!isInTime(certificate)) return 'a certificate of its chain is not valid at this time'
    if (print === pinned) {
      const name = checkName(options.verification, options.serverName ?? host, socket.getPeerCertificate())
      return name === undefined ? null : name.message
    }
    const issuer = peer.issuerCertificate
    if (issuer === undefined || seen.has(print)) return 'no certificate of its chain has the fingerprint'
    seen.add(print)
    child = certificate
    peer = issuer
  }
}

function isInTime({ validFrom, validTo }: X509Certificate): boolean {
  const now = Date.now()
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo)
}

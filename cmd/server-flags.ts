import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { parseServerAddress, type ServerAddress } from '../lib/elastic/server-address.ts'
import { connectionOptions, type TlsOptions, type VerificationMode } from '../lib/elastic/tls.ts'
import type { FlagReader } from './flag-reader.ts'
import { UsageError } from './usage-error.ts'

/** A secret that a file holds, or that the environment said. */
export type Secret = { readonly file: string } | { readonly text: string }

/** Where servers are and how they are spoken to; plain data, so that it can cross threads. Holds secrets. */
export interface ServerOptions {
  readonly addresses: readonly ServerAddress[]
  /** A URL's own name and password go before. */
  readonly basic: { readonly username: string; readonly password: Secret } | null
  readonly apiKey: Secret | null
  readonly tls: TlsFiles
  /** URL of a proxy, `environment` for what the environment says, null for none. */
  readonly proxy: string | null
  readonly timeoutMs: number
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

/** As TlsOptions, with files for what they hold. */
export interface TlsFiles extends Pick<TlsOptions, 'verification' | 'authorityFingerprint' | 'serverName'> {
  readonly authorities: readonly string[]
  readonly certificate: string | null
  readonly key: string | null
  readonly keyPassphrase: string | null
}

/**
 * What the flags of `serverFlags` and the environment say of the servers at `urls`; no file is read yet. Throws UsageError,
 * whose message holds no secret.
 */
export function serverOptions(
  flags: FlagReader,
  urls: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ServerOptions {
  const addresses = urls.map(address)
  const apiKey = secret(flags, 'api-key-file', environment['WEIR_API_KEY'])
  const basic = credentials(flags, environment)
  if (apiKey !== null && (basic !== null || addresses.some((one) => one.basic !== null))) {
    throw new UsageError('an API key and a name with a password exclude each other; give one of them')
  }
  const proxy = flags.text('proxy')
  return {
    addresses,
    basic,
    apiKey,
    tls: tlsFiles(flags),
    proxy: proxy === undefined ? 'environment' : proxy === 'none' || proxy === '' ? null : proxyUrl(proxy),
    timeoutMs: flags.durationMs('timeout'),
    headers: headers(flags),
  }
}

function address(url: string): ServerAddress {
  return checked(() => parseServerAddress(url))
}

/** What is wrong with a flag is wrong use. */
function checked<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof FlowError && error.code === 'CONFIG_INVALID') throw new UsageError(error.message)
    throw error
  }
}

function credentials(
  flags: FlagReader,
  environment: Readonly<Record<string, string | undefined>>,
): ServerOptions['basic'] {
  const username = flags.text('username') || environment['WEIR_USERNAME'] || null
  const password = secret(flags, 'password-file', environment['WEIR_PASSWORD'])
  if (username === null && password === null) return null
  if (username === null) {
    throw new UsageError('a password without a name: give the name with --username or in $WEIR_USERNAME')
  }
  if (password === null) {
    throw new UsageError('a name without a password: give it in $WEIR_PASSWORD or with --password-file')
  }
  return { username, password }
}

/** The file that a flag names, or else what the environment says; null for none. */
function secret(flags: FlagReader, name: string, fromEnvironment: string | undefined): Secret | null {
  const file = flags.text(name)
  if (file) return { file }
  return fromEnvironment ? { text: fromEnvironment } : null
}

function tlsFiles(flags: FlagReader): TlsFiles {
  const file = (name: string) => flags.text(name) || null
  const tls: TlsFiles = {
    verification: flags.choice('tls-verify') as VerificationMode,
    authorities: flags.list('ca'),
    authorityFingerprint: flags.text('ca-fingerprint') || null,
    certificate: file('cert'),
    key: file('key'),
    keyPassphrase: file('key-passphrase-file'),
    serverName: flags.text('tls-server-name') || null,
  }
  checked(() => connectionOptions(tls))
  return tls
}

function proxyUrl(text: string): string {
  const url = text.includes('://') ? text : `http://${text}`
  if (URL.canParse(url) && /^https?:/.test(url)) return url
  throw new UsageError('--proxy: want a URL such as http://proxy:3128, or none')
}

function headers(flags: FlagReader): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const text of flags.list('headers')) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+)=([^\r\n]*)$/.exec(text) ?? []
    if (name === undefined || value === undefined) throw flags.wrong('headers', text, 'NAME=VALUE')
    pairs[name.toLowerCase()] = value
  }
  return pairs
}

import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { parseServerAddress, type ServerAddress } from '../lib/elastic/server-address.ts'
import { connectionOptions, type TlsOptions, type VerificationMode } from '../lib/elastic/tls.ts'
import type { FlagReader } from './flag-reader.ts'
import type { Flag } from './flags.ts'
import { readText } from './read-text.ts'
import { UsageError } from './usage-error.ts'

/** Where servers are and how they are spoken to; plain data, so that it can cross threads. Holds secrets. */
export interface ServerOptions {
  readonly addresses: readonly ServerAddress[]
  /** Of the environment or a file; a URL's own name and password go before. */
  readonly basic: { readonly username: string; readonly password: string } | null
  readonly apiKey: string | null
  readonly tls: TlsOptions
  /** URL of a proxy, `environment` for what the environment says, null for none. */
  readonly proxy: string | null
  readonly timeoutMs: number
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

/** The flags of a connection, for the table of a command; `serverOptions` reads them. */
export function serverFlags(group: string): readonly Flag[] {
  return [
    {
      name: 'username',
      group,
      value: 'NAME',
      environment: 'WEIR_USERNAME',
      help: 'Who to log in as; the password is in $WEIR_PASSWORD or in a file.',
    },
    {
      name: 'password-file',
      group,
      value: 'FILE',
      completes: 'file',
      defaultHelp: '$WEIR_PASSWORD',
      help: 'A file that holds the password, and a line feed or none.',
    },
    {
      name: 'api-key-file',
      group,
      value: 'FILE',
      completes: 'file',
      defaultHelp: '$WEIR_API_KEY',
      help: 'A file that holds an API key, as id:key or as Kibana shows it encoded.',
    },
    {
      name: 'ca',
      group,
      value: 'FILE…',
      many: 'words',
      completes: 'file',
      defaultHelp: "the system's",
      help: 'Authorities (PEM) that may have signed the certificate of a server.',
    },
    {
      name: 'cert',
      group,
      value: 'FILE',
      completes: 'file',
      help: 'Our own certificate (PEM), for servers that ask for one.',
    },
    { name: 'key', group, value: 'FILE', completes: 'file', help: 'Its key (PEM).' },
    {
      name: 'key-passphrase-file',
      group,
      value: 'FILE',
      completes: 'file',
      help: 'A file that holds the passphrase of the key.',
    },
    {
      name: 'ca-fingerprint',
      group,
      value: 'HEX',
      help: "SHA-256 of an authority's certificate to trust when a server shows it, as Elasticsearch prints it.",
    },
    {
      name: 'tls-verify',
      group,
      value: 'MODE',
      default: 'full',
      choices: ['full', 'strict', 'certificate', 'none'],
      help: 'Check chain and name; strict: the name must be an alternative name; certificate: the chain only.',
    },
    {
      name: 'tls-server-name',
      group,
      value: 'NAME',
      defaultHelp: 'the name in the URL',
      help: 'Name to ask for, and to find in the certificate.',
    },
    {
      name: 'proxy',
      group,
      value: 'URL',
      defaultHelp: '$https_proxy, $http_proxy, $no_proxy',
      help: 'Proxy to go through; none to go through none.',
    },
    {
      name: 'timeout',
      group,
      value: 'DURATION',
      default: '90s',
      help: 'How long a server may take for an answer.',
    },
    {
      name: 'headers',
      group,
      value: 'NAME=VALUE…',
      many: 'words',
      isSecret: true,
      help: 'Headers of every request.',
    },
  ]
}

/**
 * What the flags of `serverFlags` and the environment say of the servers at `urls`; throws UsageError, and FlowError for
 * files. No message holds a secret.
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
  const tls = tlsOptions(flags)
  try {
    connectionOptions(tls)
  } catch (error) {
    throw asUsage(error)
  }
  const proxy = flags.text('proxy')
  return {
    addresses,
    basic,
    apiKey,
    tls,
    proxy: proxy === undefined ? 'environment' : proxy === 'none' || proxy === '' ? null : proxyUrl(proxy),
    timeoutMs: flags.durationMs('timeout'),
    headers: headers(flags),
  }
}

function address(url: string): ServerAddress {
  try {
    return parseServerAddress(url)
  } catch (error) {
    throw asUsage(error)
  }
}

function asUsage(error: unknown): unknown {
  return error instanceof FlowError && error.code === 'CONFIG_INVALID' ? new UsageError(error.message) : error
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

/** What a file holds without the line's end, or else what the environment says; null for none. */
function secret(flags: FlagReader, name: string, fromEnvironment: string | undefined): string | null {
  const path = flags.text(name)
  if (path === undefined || path === '') return fromEnvironment || null
  const text = fileText(path).replace(/\r?\n$/, '')
  if (text === '' || /[\r\n]/.test(text)) throw flags.wrong(name, path, 'a file of one line')
  return text
}

function tlsOptions(flags: FlagReader): TlsOptions {
  const text = (name: string) => {
    const path = flags.text(name)
    return path === undefined || path === '' ? null : fileText(path)
  }
  return {
    verification: flags.choice('tls-verify') as VerificationMode,
    authorities: flags.list('ca').map(fileText),
    authorityFingerprint: flags.text('ca-fingerprint') || null,
    certificate: text('cert'),
    key: text('key'),
    keyPassphrase: secret(flags, 'key-passphrase-file', undefined),
    serverName: flags.text('tls-server-name') || null,
  }
}

function fileText(path: string): string {
  try {
    return readText(path)
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
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

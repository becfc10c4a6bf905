import { FlowError } from '../diagnostics/flow-error.ts'

/** Where a server is, taken apart. */
export interface ServerAddress {
  /** Scheme, host and port. */
  readonly origin: string
  /** Path that all requests begin with: empty, or `/…` without a slash at its end. */
  readonly path: string
  readonly isTls: boolean
  readonly host: string
  /** Of the URL's own user and password; null where it has none. */
  readonly basic: { readonly username: string; readonly password: string } | null
}

const DEFAULT_PORT = 9200

/**
 * Reads an address as Elastic's `hosts` are written: `https://es:9200/path`, or a host and maybe a port, for which
 * `protocol` is taken; the port is 9200 unless told. Throws CONFIG_INVALID, whose message holds no password.
 */
export function parseServerAddress(text: string, protocol: 'http' | 'https' = 'http'): ServerAddress {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
  // A bare IPv6 address has no place for a port.
  const isBareIpv6 = !hasScheme && !text.startsWith('[') && (text.match(/:/g) ?? []).length > 1
  const whole = hasScheme ? text : `${protocol}://${isBareIpv6 ? `[${text}]` : text}`
  let url: URL
  try {
    url = new URL(whole)
  } catch {
    throw invalid(text, 'is no address; want https://host:9200 or host:9200')
  }
  const isTls = url.protocol === 'https:'
  if (!isTls && url.protocol !== 'http:')
    throw invalid(text, `has the scheme ${url.protocol.slice(0, -1)}; want http or https`)
  if (url.search !== '' || url.hash !== '')
    throw invalid(text, 'has a query; give parameters by --parameters')
  const port = url.port !== '' ? url.port : hasPort(whole) ? (isTls ? '443' : '80') : String(DEFAULT_PORT)
  return {
    origin: `${url.protocol}//${url.hostname}:${port}`,
    path: url.pathname.replace(/\/+$/, ''),
    isTls,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    basic:
      url.username === '' && url.password === ''
        ? null
        : { username: decoded(url.username), password: decoded(url.password) },
  }
}

/** Whether the port is written down; URL drops those that are a scheme's own. */
function hasPort(whole: string): boolean {
  return /^[a-z]+:\/\/(?:[^/@]*@)?(?:\[[^\]]*\]|[^:/]*):\d+/i.test(whole)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function invalid(text: string, why: string): FlowError {
  // What stands before the last @ may be a name and a password, whatever signs they have.
  return new FlowError('CONFIG_INVALID', `server ${text.slice(text.lastIndexOf('@') + 1)} ${why}`)
}

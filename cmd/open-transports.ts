import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { authorizationOf, openHttpTransport } from '../lib/elastic/http-transport.ts'
import type { TlsOptions } from '../lib/elastic/tls.ts'
import type { Transport } from '../lib/elastic/transport.ts'
import { environmentProxy } from './environment-proxy.ts'
import { readText } from './read-text.ts'
import type { Secret, ServerOptions, TlsFiles } from './server-flags.ts'

/** Connections to each server, and how long one that is not used stays open. */
export interface ConnectionLimits {
  readonly connections: number
  readonly idleTimeoutMs: number
}

/**
 * Transports to all servers, in their order; to be closed by who asked. Nothing is sent yet. Throws CONFIG_INVALID, and
 * FILE_UNREADABLE for files of credentials and certificates.
 */
export async function openTransports(
  options: ServerOptions,
  { connections, idleTimeoutMs }: ConnectionLimits = { connections: 1, idleTimeoutMs: 3000 },
): Promise<Transport[]> {
  const { addresses, headers, timeoutMs } = options
  const isFromEnvironment = options.proxy === 'environment'
  const tls = readTls(options.tls)
  const apiKey = options.apiKey === null ? null : readSecret(options.apiKey)
  const basic =
    options.basic === null
      ? null
      : { username: options.basic.username, password: readSecret(options.basic.password) }
  return Promise.all(
    addresses.map((address) =>
      openHttpTransport({
        address,
        connections,
        timeoutMs,
        idleTimeoutMs,
        authorization: authorizationOf(address.basic ?? basic, apiKey),
        headers,
        tls,
        proxy: isFromEnvironment ? environmentProxy(address, process.env) : options.proxy,
      }),
    ),
  )
}

function readTls(files: TlsFiles): TlsOptions {
  const { authorities, certificate, key, keyPassphrase } = files
  return {
    ...files,
    authorities: authorities.map(fileText),
    certificate: certificate === null ? null : fileText(certificate),
    key: key === null ? null : fileText(key),
    keyPassphrase: keyPassphrase === null ? null : readSecret({ file: keyPassphrase }),
  }
}

/** What a file holds without the end of its line, or what the environment said. */
function readSecret(secret: Secret): string {
  if ('text' in secret) return secret.text
  const text = fileText(secret.file).replace(/\r?\n$/, '')
  if (text !== '' && !/[\r\n]/.test(text)) return text
  throw new FlowError('FILE_UNREADABLE', `cannot use ${secret.file}: want one line that holds the secret`)
}

function fileText(path: string): string {
  try {
    return readText(path)
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

import { authorizationOf, openHttpTransport } from '../lib/elastic/http-transport.ts'
import type { Transport } from '../lib/elastic/transport.ts'
import type { ServerOptions } from './server-flags.ts'

const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']

/** Connections to each server, and how long one that is not used stays open. */
export interface ConnectionLimits {
  readonly connections: number
  readonly idleTimeoutMs: number
}

/** Transports to all servers, in their order; to be closed by who asked. Nothing is sent yet. Throws CONFIG_INVALID. */
export function openTransports(
  options: ServerOptions,
  { connections, idleTimeoutMs }: ConnectionLimits = { connections: 1, idleTimeoutMs: 3000 },
): Promise<Transport[]> {
  const { addresses, apiKey, headers, tls, timeoutMs } = options
  const hasProxy = PROXY_VARIABLES.some((name) => process.env[name])
  const proxy = options.proxy === 'environment' && !hasProxy ? null : options.proxy
  return Promise.all(
    addresses.map((address) =>
      openHttpTransport({
        address,
        connections,
        timeoutMs,
        idleTimeoutMs,
        authorization: authorizationOf(address.basic ?? options.basic, apiKey),
        headers,
        tls,
        proxy,
      }),
    ),
  )
}

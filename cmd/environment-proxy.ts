import { BlockList, isIP } from 'node:net'
import type { ServerAddress } from '../lib/elastic/server-address.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy that the environment names for a server, null for none: as Beats read it, $HTTP_PROXY for http and
 * $HTTPS_PROXY for https, none for this machine itself and for what $NO_PROXY lists.
 */
export function environmentProxy(
  { isTls, host, origin }: ServerAddress,
  environment: Environment,
): string | null {
  const value = (name: string) => environment[name.toUpperCase()] || environment[name] || ''
  const proxy = value(isTls ? 'https_proxy' : 'http_proxy')
  if (proxy === '' || host === 'localhost' || isLoopback(host)) return null
  const port = new URL(origin).port || (isTls ? '443' : '80')
  if (
    value('no_proxy')
      .split(',')
      .some((item) => isExcepted(item.trim().toLowerCase(), host, port))
  )
    return null
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Whether an item of $NO_PROXY means the host: `*`, an address, a prefix, or a domain with all below it; maybe a port. */
function isExcepted(item: string, host: string, port: string): boolean {
  if (item === '') return false
  if (item === '*') return true
  if (item.includes('/')) return isWithin(item, host)
  const [, name = '', own] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(item) ?? []
  if (own !== undefined && own !== port) return false
  const bare = name.replace(/^\[|\]$/g, '')
  if (isIP(bare) > 0) return bare === host
  const domain = bare.replace(/^\*?\./, '')
  return (host === domain && !bare.startsWith('.')) || host.endsWith(`.${domain}`)
}

function isWithin(prefix: string, host: string): boolean {
  const [network = '', bits = ''] = prefix.split('/')
  const family = isIP(host)
  if (family === 0 || isIP(network) !== family || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (family === 4 ? 32 : 128)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(network, Number(bits), type)
  return list.check(host, type)
}

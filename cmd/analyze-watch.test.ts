import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { projectRoot } from '../lib/testing/project.ts'

const LINE =
  '{"type":"NETFLOW_V5","time_received_ns":1767225661000000000,"src_addr":"192.0.2.1","bytes":1500}\n'

test('--watch answers again when there is more, and only then, until SIGINT', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-watch-'))
  try {
    const log = join(folder, 'goflow2.log')
    writeFileSync(log, LINE)
    const main = join(projectRoot, 'cmd/main.ts')
    const words = ['analyze', '--in', log, '--sum', 'flows', '--format', 'csv', '--watch', '50ms']
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, HOME: folder },
    })
    let text = ''
    const said = async (wanted: string) => {
      while (!text.endsWith(wanted)) text += String((await once(child.stdout, 'data'))[0])
    }
    await said('flows\n1\n\n')
    appendFileSync(log, LINE.repeat(2))
    await said('flows\n3\n\n')
    child.kill('SIGINT')
    const [status] = await once(child, 'exit')
    assert.is(status, 0)
    assert.is(text, 'flows\n1\n\nflows\n3\n\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()

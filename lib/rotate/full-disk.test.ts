import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { NODE } from './testing/numbered-lines.ts'

const main = join(import.meta.dirname, '../../cmd/main.ts')
const unshare = ['--map-root-user', '--mount']
const define = spawnSync('unshare', [...unshare, 'true']).status === 0 ? test : test.skip

define('on a full disk nothing is lost, and the next run that has room goes on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-full-'))
  // A file system of 256 KiB: room for the log and a journal, not for a second file; then none for the journal.
  const script = `
    set -u; mount -t tmpfs -o size=256k none "$1"; cd "$1"; shift
    head -c 150000 /dev/urandom > flows.log; sum=$(md5sum < flows.log)
    weir() { "$@" rotate --log flows.log --name '{name}.old{ext}' --compress gzip 2>&1; echo "status $?"; }
    weir "$@"; ls -A; [ "$(md5sum < flows.old.log)" = "$sum" ] && echo same
    cat /dev/zero > filler 2>/dev/null
    rm filler; head -c 100000 flows.old.log > part; cat /dev/zero > filler 2>/dev/null
    weir "$@"; [ "$(md5sum < flows.old.log)" = "$sum" ] && echo same
    rm filler part; truncate -s 20000 flows.old.log; sum=$(md5sum < flows.old.log)
    weir "$@"; ls -A; [ "$(gunzip < flows.old.log.gz | md5sum)" = "$sum" ] && echo same`
  const shell = ['sh', '-c', script, 'sh', folder, ...NODE, main]
  try {
    const { stdout, stderr } = spawnSync('unshare', [...unshare, ...shell], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    })
    assert.is(stderr, '')
    const lines = stdout.replaceAll(/time=\S+ /g, '').split('\n')
    assert.match(lines[0]!, /ENOSPC/)
    assert.equal(lines.slice(1, 5), ['status 1', '.flows.log.weir-rotate.json', 'flows.old.log', 'same'])
    assert.match(lines[5]!, /ENOSPC/)
    assert.equal(lines.slice(6, 8), ['status 1', 'same'])
    assert.match(lines[8]!, /msg=rotated/)
    assert.equal(lines.slice(9), ['status 0', 'flows.old.log.gz', 'same', ''])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

define('a disk without room for the journal leaves the log where it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-full-'))
  const script = `
    mount -t tmpfs -o size=64k none "$1"; cd "$1"; shift
    cat /dev/zero > flows.log 2>/dev/null
    "$@" rotate --log flows.log 2>&1; echo "status $?"; ls -A`
  try {
    const shell = ['sh', '-c', script, 'sh', folder, ...NODE, main]
    const { stdout } = spawnSync('unshare', [...unshare, ...shell], { encoding: 'utf8', env: process.env })
    assert.match(stdout, /ENOSPC.*\nstatus 1\nflows\.log\n$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()

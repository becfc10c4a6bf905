import type * as Ffi from 'node:ffi'
import { closeSync, fstatSync, openSync, unlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { FlowError } from '../diagnostics/flow-error.ts'
import { fileId } from './file-id.ts'

const LOCK_EXCLUSIVE = 2
const LOCK_NO_WAIT = 4
const AGAIN_MS = 100

type Flock = (fd: number, operation: number) => number

/** A lock that the kernel lets go of when its process ends, however it ends: it can never be stale. */
export interface RunLock {
  release(): void
}

/** Takes the lock of this file, or returns null when another process has it and `waits` is false. */
export async function takeLock(path: string, waits: boolean): Promise<RunLock | null> {
  const flock = openFlock()
  for (;;) {
    const fd = openSync(path, 'a', 0o600)
    if (flock(fd, LOCK_EXCLUSIVE | LOCK_NO_WAIT) === 0) {
      // Whoever had it before removed the file, perhaps after we had opened it.
      const stat = fstatSync(fd, { bigint: true })
      if (fileId(path) === `${stat.ino}.${stat.birthtimeNs}`) return { release: () => release(path, fd) }
      closeSync(fd)
      continue
    }
    closeSync(fd)
    if (!waits) return null
    await sleep(AGAIN_MS)
  }
}

function release(path: string, fd: number): void {
  try {
    unlinkSync(path)
  } finally {
    closeSync(fd)
  }
}

let opened: { readonly flock: Flock; readonly library: unknown } | undefined

function openFlock(): Flock {
  if (opened === undefined) {
    try {
      const ffi = process.getBuiltinModule('node:ffi') as typeof Ffi
      const { lib, functions } = ffi.dlopen('libc.so.6', {
        flock: { arguments: ['int32', 'int32'], return: 'int32' },
      })
      opened = { flock: functions.flock as Flock, library: lib }
    } catch (cause) {
      throw new FlowError('ROTATION_FAILED', 'files cannot be locked here: glibc and node:ffi are needed', {
        cause,
      })
    }
  }
  return opened.flock
}

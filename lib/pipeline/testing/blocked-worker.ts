import { parentPort, workerData } from 'node:worker_threads'
import { Control } from '../control.ts'
import { WorkerEnd } from '../worker-link.ts'

// A thread of worker-link.test.ts: turns no event loop until it is told to stop, as one does that blocks in recvmmsg.
const control = new Control(workerData as SharedArrayBuffer)
const end = new WorkerEnd(parentPort!, control, (name, argument) => {
  if (name === 'double') return (argument as number) * 2
  if (name === 'sleep') return control.pause(argument as number)
  if (name === 'log') return end.log('warn', 'from the worker', { n: 1 })
  throw new Error(`what is ${name}?`)
})
end.event('ready', 42)
while (!control.isStopping) {
  end.poll()
  control.pause(5)
}
process.exit(0)

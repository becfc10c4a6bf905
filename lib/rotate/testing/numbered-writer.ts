// A program such as goflow2, for tests: appends numbered lines to a file and opens it anew on SIGHUP.
// Arguments: FILE PID_FILE [deaf: it ignores SIGHUP | slow: it takes its time | flows: lines as goflow2's]. SIGTERM ends it; how many lines there are it prints then.
import { closeSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'

const [file, pidFile, mood] = process.argv.slice(2) as [string, string, string | undefined]
let fd = openSync(file, 'a')
let count = 0
const writing = setInterval(() => {
  // Two writes for a line, as goflow2 does it, and more than one line at a time.
  for (let i = 0; i < 10; i++) {
    writeSync(fd, mood === 'flows' ? flow(++count) : `line ${++count}`)
    writeSync(fd, '\n')
  }
}, 2)
function flow(number: number): string {
  return `{"type":"NETFLOW_V9","time_received_ns":1767225600000000000,"src_addr":"192.0.2.1","bytes":${number},"packets":1}`
}
function reopen(): void {
  closeSync(fd)
  fd = openSync(file, 'a')
}
process.on('SIGHUP', () => {
  if (mood === 'slow') setTimeout(reopen, 25)
  else if (mood !== 'deaf') reopen()
})
process.on('SIGTERM', () => {
  clearInterval(writing)
  writeSync(1, `${count}\n`)
  process.exit(0)
})
writeFileSync(`${pidFile}.part`, `${process.pid}\n`)
renameSync(`${pidFile}.part`, pidFile)

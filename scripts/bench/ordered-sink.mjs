// A server that can be away, and that knows each document by the number of octets that its flow counted: are they all there,
// once, in order? A process of its own, told `up` and `down`; answers /counts like ship-sink.mjs.
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'

const NAME = '"octet_delta_count":'
const state = { documents: 0, last: -1, missing: 0, disordered: 0, lastMs: 0 }
let port = 0

/** The number of the document whose line begins at `at`. */
function numberAt(body, at) {
  const from = body.indexOf(NAME, at) + NAME.length
  return Number.parseInt(body.toString('latin1', from, from + 16), 10)
}

/** Looks at the first and the last document: a request's are consecutive, or their numbers are further apart. */
function check(body, count) {
  const first = numberAt(body, 0)
  const last = numberAt(body, body.lastIndexOf('{"create"'))
  state.missing += first - state.last - 1 + (last - first + 1 - count)
  if (first <= state.last || last < first) state.disordered++
  state.last = last
  state.documents += count
  state.lastMs = Date.now()
}

const server = createServer((request, response) => {
  if (request.url === '/counts') {
    response.end(JSON.stringify(state))
    return
  }
  const pieces = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('end', () => {
    const count = Number(request.headers['x-elastic-event-count'])
    const sent = Buffer.concat(pieces)
    check(request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent, count)
    response.end(`{"errors":false,"items":[${Array(count).fill('{"create":{"status":201}}').join(',')}]}`)
  })
})

process.on('message', (word) => {
  if (word === 'up') server.listen(port, '127.0.0.1', () => process.send('up'))
})
process.on('disconnect', () => process.exit())
// A port that is free is taken and given back: whoever asks for it now is refused, as by a server that is away.
server.listen(0, '127.0.0.1', () => {
  port = server.address().port
  server.close(() => process.send(port))
})

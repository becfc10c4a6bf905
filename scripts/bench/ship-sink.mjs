// A server that reads bulk requests and says that all is well, in a process of its own: it costs the shipper nothing.
import { createServer } from 'node:http'

let documents = 0
let octets = 0
let firstMs = 0
let lastMs = 0
const server = createServer((request, response) => {
  if (request.url.startsWith('/counts')) {
    response.end(JSON.stringify({ documents, octets, firstMs, lastMs }))
    if (request.url === '/counts') documents = octets = firstMs = lastMs = 0
    return
  }
  firstMs ||= Date.now()
  const count = Number(request.headers['x-elastic-event-count'])
  request.on('data', (piece) => {
    octets += piece.length
  })
  request.on('end', () => {
    documents += count
    lastMs = Date.now()
    const items = Array(count).fill('{"create":{"status":201}}').join(',')
    response.end(`{"errors":false,"items":[${items}]}`)
  })
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.on('disconnect', () => process.exit())

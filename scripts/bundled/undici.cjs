// What the executable has of undici: the dispatchers that lib/elastic makes, each loaded when it is made. Its own index
// loads caches, WebSockets, mocks and fetch before anything can be sent.
const Dispatcher = require('undici/lib/dispatcher/dispatcher.js')
const request = require('undici/lib/api/api-request.js')

Object.assign(Dispatcher.prototype, { request })

module.exports = {
  get Agent() {
    return require('undici/lib/dispatcher/agent.js')
  },
  get Pool() {
    return require('undici/lib/dispatcher/pool.js')
  },
  get ProxyAgent() {
    return require('undici/lib/dispatcher/proxy-agent.js')
  },
}

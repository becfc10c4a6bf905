// HTTP/2 of undici and of Node, loaded when a server speaks it.
module.exports = (...all) => require('undici/lib/dispatcher/client-h2.js')(...all)

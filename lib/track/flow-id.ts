import { KEY_LAYERS, type KeyShape, shapeOf } from './packet-key.ts'

/** Octets before the key: flags, an offset for each layer, three counts. */
const HEAD_OCTETS = 2 + KEY_LAYERS + 3
/** Paths remembered. */
const MOST_SHAPES = 4096

const shapes = new Map<number, KeyShape>()

/** The shape of keys made along `path`; few paths occur, and theirs are remembered. */
export function knownShape(path: number): KeyShape {
  let shape = shapes.get(path)
  if (shape === undefined) {
    if (shapes.size >= MOST_SHAPES) shapes.clear()
    shape = shapeOf(path)
    shapes.set(path, shape)
  }
  return shape
}

/** Writes what Packetbeat's flow.id is the base64 text of: flags, offsets, counts, key. Returns its octets. */
export function putFlowId(into: Uint8Array, path: number, key: Uint8Array): number {
  const shape = knownShape(path)
  into[0] = shape.flags & 0xff
  into[1] = shape.flags >>> 8
  into.set(shape.offsets, 2)
  into[2 + KEY_LAYERS] = shape.ethernetCount
  into[3 + KEY_LAYERS] = shape.vlanCount
  into[4 + KEY_LAYERS] = shape.ipCount
  into.set(key, HEAD_OCTETS)
  return HEAD_OCTETS + key.length
}

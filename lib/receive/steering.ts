/** Offset of the network header for a filter's loads, as negative numbers stand for it (SKF_NET_OFF). */
const NETWORK = 0xfff0_0000

// Classic BPF instructions (linux/filter.h), named as bpf_asm writes them.
const LDB = 0x30
const LD = 0x20
const TAX = 0x07
const XOR_X = 0xac
const MUL = 0x24
const RSH = 0x74
const MOD = 0x94
const JEQ = 0x15
const JA = 0x05
const RET_A = 0x16

/**
 * The classic BPF program that picks one of `count` sockets by the datagram's source address alone, so that all
 * datagrams of one exporter reach one socket, whatever ports they come from. The kernel runs it on every datagram;
 * its result counts the sockets in the order they were bound.
 */
export function steeringProgram(count: number): Uint8Array {
  const program: [code: number, ifTrue: number, ifFalse: number, operand: number][] = [
    [LDB, 0, 0, NETWORK],
    [RSH, 0, 0, 4],
    [JEQ, 0, 2, 4],
    // RFC 791 §3.1: the source address.
    [LD, 0, 0, NETWORK + 12],
    [JA, 0, 0, 10],
    // RFC 8200 §3: the source address, its four words folded into one.
    [LD, 0, 0, NETWORK + 8],
    [TAX, 0, 0, 0],
    [LD, 0, 0, NETWORK + 12],
    [XOR_X, 0, 0, 0],
    [TAX, 0, 0, 0],
    [LD, 0, 0, NETWORK + 16],
    [XOR_X, 0, 0, 0],
    [TAX, 0, 0, 0],
    [LD, 0, 0, NETWORK + 20],
    [XOR_X, 0, 0, 0],
    // Neighbours in one network differ in few bits: a multiplication spreads them.
    [MUL, 0, 0, 0x9e37_79b1],
    [RSH, 0, 0, 16],
    [MOD, 0, 0, count],
    [RET_A, 0, 0, 0],
  ]
  const octets = new Uint8Array(program.length * 8)
  const view = new DataView(octets.buffer)
  for (const [i, [code, ifTrue, ifFalse, operand]] of program.entries()) {
    view.setUint16(i * 8, code, true)
    view.setUint8(i * 8 + 2, ifTrue)
    view.setUint8(i * 8 + 3, ifFalse)
    view.setUint32(i * 8 + 4, operand, true)
  }
  return octets
}

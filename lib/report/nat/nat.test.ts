import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../../bytes/address.ts'
import { type NatWorld, natWorld, type PlantedHolding } from '../../testing/nat-world.ts'
import { newRandom } from '../../testing/workload.ts'
import { blockStream } from '../testing/block-stream.ts'
import { lesser } from '../window.ts'
import type { NatAnswer } from './nat-answer.ts'
import { type NatQuestion, natQuestion } from './nat-question.ts'
import { answerNat } from './nat-report.ts'

const SECOND = 1_000_000_000n
const RUN = { memoryOctets: 2 ** 26, temporaryDirectory: '/tmp' }
const SETTINGS = {
  rules: [],
  slackNs: 5n * SECOND,
  reachNs: 200_000n * SECOND,
  filter: null,
  leastIndexed: null,
}

interface Expected {
  readonly status: NatAnswer['status']
  readonly subscriber: string | null
}

/** What can be known of a moment, from the planted truth. */
function expectedOf(world: NatWorld, chain: readonly PlantedHolding[], atNs: bigint): Expected {
  const { kind } = chain[0]!
  const gaps = world.gaps.filter((gap) => gap.kind === kind)
  const isGapIn = (from: bigint, to: bigint) => gaps.some((gap) => gap.fromNs < to && gap.toNs > from)
  const tells = (each: PlantedHolding) => each.isEndSeen || (kind !== 'flows' && each.isBeginSeen)
  const isGap = isGapIn(atNs - 5n * SECOND, atNs + 5n * SECOND)
  let isUnsure = false
  let near: string | null = null
  for (const each of chain.filter(tells)) {
    const knowsBegin = each.isBeginSeen || (each.kind === 'nsel' && each.isEndSeen) || kind === 'flows'
    const name = formatAddress(Uint32Array.from(each.subscriber), 0)
    if (atNs >= each.fromNs && atNs <= each.toNs) {
      if (knowsBegin && each.isEndSeen) return { status: 'found', subscriber: name }
      const isSure = knowsBegin ? !isGapIn(each.fromNs, atNs) : !isGapIn(atNs, each.toNs)
      if (isSure) return { status: 'found', subscriber: name }
      isUnsure = true
    } else if (!each.isEndSeen && atNs > each.toNs) {
      // Its end was lost, and nobody came after it until then.
      const isTold = (next: PlantedHolding) => next.isBeginSeen || (kind === 'nsel' && next.isEndSeen)
      const isFollowed = chain.some((next) => isTold(next) && next.fromNs > each.toNs && next.fromNs <= atNs)
      if (!isFollowed) isUnsure = true
    } else if (!knowsBegin && atNs < each.fromNs) isUnsure = true
    else if (knowsBegin && atNs < each.fromNs && each.fromNs - atNs <= 5n * SECOND) near = name
    else if (each.isEndSeen && atNs > each.toNs && atNs - each.toNs <= 5n * SECOND) near = name
  }
  if (near !== null && !isUnsure) return { status: 'found', subscriber: near }
  return { status: isUnsure || isGap ? 'no data' : 'none', subscriber: null }
}

function chainsOf(world: NatWorld): PlantedHolding[][] {
  const chains = new Map<string, PlantedHolding[]>()
  for (const each of world.holdings) {
    const key = `${each.publicIp} ${each.firstPort} ${each.protocol}`
    chains.set(key, [...(chains.get(key) ?? []), each])
  }
  return [...chains.values()]
}

test('who had a public port is told for every moment of a day, and every gap is said', async () => {
  const world = natWorld(7, 4000, 20_000)
  const random = newRandom(5)
  const questions: NatQuestion[] = []
  const expected: Expected[] = []
  const first = world.holdings.reduce((least, { fromNs }) => lesser(least, fromNs), 2n ** 63n)
  for (const chain of chainsOf(world)) {
    const { publicIp, firstPort, lastPort, step, protocol, kind } = chain[0]!
    for (let i = 0; i < 6; i++) {
      const atNs = first + BigInt(random(18_000_000)) * 1_000_000n
      // Within a minute before a gap, flows that were there may be lost: that is a question of its own.
      const isEdge = world.gaps.some(
        (gap) => gap.kind === kind && atNs > gap.fromNs - 70n * SECOND && atNs < gap.toNs + 6n * SECOND,
      )
      const isInside = world.gaps.some((gap) => gap.kind === kind && atNs > gap.fromNs && atNs < gap.toNs)
      if (isEdge && !isInside) continue
      const port = firstPort + step * random((lastPort - firstPort) / step + 1)
      const ip = formatAddress(Uint32Array.of(0, 0, 0xffff, publicIp), 0)
      const words = [
        ip,
        String(port),
        String(atNs / 1_000_000n),
        protocol < 0 ? null : String(protocol),
      ] as const
      const question = natQuestion(questions.length + 1, false, words[0], words[1], words[2], words[3])
      if (typeof question === 'string') throw new Error(question)
      questions.push(question)
      expected.push(expectedOf(world, chain, question.atNs))
    }
  }
  const input = blockStream((writer) => world.write(writer))
  const { answers } = await answerNat(questions, [input], SETTINGS, RUN)
  let wrong = 0
  const seen = new Map<string, number>()
  for (const { question, status, holdings, gap } of answers) {
    const want = expected[question.number - 1]!
    const got = { status, subscriber: holdings[0]?.holding.other ?? null }
    seen.set(status, (seen.get(status) ?? 0) + 1)
    if (
      want.status !== got.status ||
      want.subscriber !== got.subscriber ||
      (status === 'no data') !== (gap !== null)
    ) {
      if (wrong++ < 5) console.error(question, want, got, holdings, gap)
    }
  }
  assert.is(wrong, 0)
  assert.ok(
    (seen.get('found') ?? 0) > 1000 && (seen.get('none') ?? 0) > 100 && (seen.get('no data') ?? 0) > 100,
  )
})

test.run()

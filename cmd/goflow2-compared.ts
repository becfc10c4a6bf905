import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newDecoder } from '../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../lib/decode/settings.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { NO_CAPTURES } from '../lib/flow/captures.ts'
import type { Datagram } from '../lib/flow/datagram.ts'
import { newLineSink } from '../lib/goflow2/line-sink.ts'
import { loadMapping } from '../lib/goflow2/mapping.ts'
import { StrictCollector } from '../lib/goflow2/strict/collector.ts'
import { type Octets, received } from '../lib/testing/datagrams.ts'
import { projectRoot } from '../lib/testing/project.ts'

// Test code only: what weir and goflow2 print of the same datagrams.

export type Line = Readonly<Record<string, unknown>>

/** The lines as objects. 64-bit numbers become text, for they would lose digits. */
export function parseLines(lines: string): Line[] {
  const exact = lines.replace(/":(\d{16,})/g, '":"$1"')
  return exact
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

export interface Printing {
  readonly format?: 'json' | 'text' | 'bin'
  readonly compat?: '2.2' | '2.1'
  /** A mapping file. */
  readonly yaml?: string | undefined
}

/** What weir prints in its default mode. */
export function weirPrints(datagrams: readonly Datagram[], { format, compat, yaml }: Printing = {}): Buffer {
  const loaded = yaml === undefined ? null : loadMapping(yaml, 'mapping.yaml')
  const pieces: Buffer[] = []
  const sink = newLineSink({
    format: format ?? 'json',
    compat: compat ?? '2.2',
    mapping: loaded?.mapping ?? null,
    separator: Buffer.from(format === 'bin' ? '' : '\n'),
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  const writer = new BatchWriter('flow', (batch) => {
    sink.write(batch)
    batch.reset()
    return batch
  })
  const decoder = newDecoder({
    writers: { flow: writer },
    captures: loaded?.captures ?? NO_CAPTURES,
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    log: SILENT,
  })
  for (const datagram of datagrams) decoder.decode(datagram, 'flow')
  writer.flush()
  return Buffer.concat(pieces)
}

/** What goflow2 2.2.6 prints, by our emulation of it. */
export function goflow2Prints(datagrams: readonly Datagram[], yaml: string | undefined): Buffer {
  const pieces: Buffer[] = []
  const collector = new StrictCollector({
    produce: 'sample',
    format: 'json',
    mapping: yaml === undefined ? null : loadMapping(yaml, 'mapping.yaml').mapping,
    separator: Buffer.from('\n'),
    write: (octets) => void pieces.push(Buffer.from(octets)),
  })
  for (const datagram of datagrams) collector.datagram(datagram, 'flow')
  collector.flush()
  return Buffer.concat(pieces)
}

/** A subject in which weir's lines differ from goflow2's on purpose. */
export interface Difference {
  readonly datagrams: readonly Octets[]
  readonly mapping?: string
  /** Fields of each line that weir prints, and of those that goflow2 2.2.6 prints. */
  readonly weir: readonly Line[]
  readonly goflow2: readonly Line[]
}

/** Makes a test of each difference, and one that they are what the section of DIFFERENCES.md lists. */
export function testDifferences(section: string, differences: Readonly<Record<string, Difference>>): void {
  for (const [subject, { datagrams, mapping, weir, goflow2 }] of Object.entries(differences)) {
    test(subject, () => {
      const arrived = datagrams.map((octets) => received(octets))
      const ours = parseLines(weirPrints(arrived, { yaml: mapping }).toString())
      const theirs = parseLines(goflow2Prints(arrived, mapping).toString())
      assert.equal(picked(ours, weir), weir, 'weir')
      assert.equal(picked(theirs, goflow2), goflow2, 'goflow2')
    })
  }
  test(`the table lists these subjects of ${section} and no others`, () => {
    const table = readFileSync(join(projectRoot, 'lib/goflow2/DIFFERENCES.md'), 'utf8')
    const [, after] = table.split(`## ${section}\n`)
    assert.ok(after !== undefined, 'no such section')
    const rows = after!.split('\n## ')[0]!.matchAll(/^\| ([^|]+?) \|/gm)
    const subjects = [...rows].map(([, subject]) => subject!).filter((text) => !/^(Subject|-+)$/.test(text))
    assert.equal(subjects.sort(), Object.keys(differences).sort())
  })
}

/** The fields of each line that the expectation names. */
function picked(lines: readonly Line[], expected: readonly Line[]): Line[] {
  return lines.map((line, i) => {
    const names = Object.keys(expected[i] ?? {})
    return Object.fromEntries(names.map((name) => [name, line[name]]))
  })
}

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { NO_CAPTURES } from '../flow/captures.ts'
import { PROTOCOL } from '../flow/fields.ts'
import { Issues } from './issues.ts'
import { TemplateCompiler } from './template.ts'

/** Field Specifiers of octetDeltaCount and of padding of `octets`: a layout of its own for each length. */
function specifiers(octets: number): string {
  return String.fromCharCode(0, 1, 0, 4, 0, 210, octets >> 8, octets & 255)
}

test('plans beyond the bound are forgotten and compiled again, those in use stay', () => {
  const compiler = new TemplateCompiler(NO_CAPTURES, false)
  const issues = new Issues()
  const shapeOf = (octets: number) =>
    compiler.compile(PROTOCOL.netflow9, 256, 0, specifiers(octets), issues, 100)!.shape
  const busy = shapeOf(1)
  const busyPlan = busy.plan()
  const idle = shapeOf(2)
  const idlePlan = idle.plan()
  for (let octets = 3; octets < 40_000; octets++) {
    shapeOf(octets).plan()
    assert.is(busy.plan(), busyPlan)
  }
  assert.is.not(idle.plan(), idlePlan)
  assert.equal(
    idle.plan().steps.map((step) => step.offset),
    idlePlan.steps.map((step) => step.offset),
  )
})

test('long layouts weigh more: a few hundred of a thousand fields push idle ones out, columns and all', () => {
  const compiler = new TemplateCompiler(NO_CAPTURES, false)
  const issues = new Issues()
  const shapeOf = (text: string) => compiler.compile(PROTOCOL.netflow9, 256, 0, text, issues, 2000)!.shape
  const idle = shapeOf(specifiers(1))
  const before = idle.layout
  const long = (number: number) => specifiers(number).repeat(500)
  for (let number = 2; number < 600; number++) shapeOf(long(number)).plan()
  assert.is.not(idle.layout, before)
  assert.equal(idle.layout, before)
  assert.is(idle.layout.fields[0]!.field, before.fields[0]!.field)
})

test('equal templates of several exporters share their shape', () => {
  const compiler = new TemplateCompiler(NO_CAPTURES, false)
  const issues = new Issues()
  const one = compiler.compile(PROTOCOL.netflow9, 256, 0, specifiers(9), issues, 100)
  const other = compiler.compile(PROTOCOL.netflow9, 300, 0, specifiers(9), issues, 100)
  assert.is(one!.shape, other!.shape)
  assert.is.not(one!.id, other!.id)
})

test.run()

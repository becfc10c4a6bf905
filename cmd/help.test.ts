import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { COMMANDS } from './commands.ts'
import { completionScript } from './completion.ts'
import { commandHelp, generalHelp } from './help.ts'
import { manualPage } from './man.ts'
import { parseFlags } from './parse-flags.ts'
import { preparationOf } from './prepared.ts'

const texts = [generalHelp(COMMANDS), ...COMMANDS.map((command) => commandHelp(command, COMMANDS))]

const helpOf = (name: string) => commandHelp(COMMANDS.find((command) => command.name === name)!, COMMANDS)

test('help fits 80 columns', () => {
  for (const text of texts) {
    for (const line of text.split('\n')) assert.ok([...line].length <= 80, line)
  }
})

test('help names every command, shown flag and default, and nothing hidden', () => {
  for (const command of COMMANDS) {
    const [first, second] = command.name.split(' ')
    assert.match(generalHelp(COMMANDS), new RegExp(`^  ${first} `, 'm'))
    if (second !== undefined) assert.match(helpOf(first!), new RegExp(`^  ${second} `, 'm'))
    const help = commandHelp(command, COMMANDS).replaceAll(/\s+/g, ' ')
    for (const flag of command.flags) {
      const names = [flag.name, ...(flag.aliases ?? [])].map(
        (name) => `${name.length > 1 ? '--' : '-'}${name}`,
      )
      for (const name of names) {
        assert.is(help.includes(` ${name}`), flag.isHidden !== true, `${command.name} ${name}`)
      }
      const standard = flag.defaultHelp ?? flag.default
      if (flag.isHidden !== true && standard) assert.ok(help.includes(`default: ${standard}`), flag.name)
    }
  }
})

test("every command's examples are accepted by its flags", async () => {
  for (const command of COMMANDS) {
    for (const { line } of command.examples) {
      const words = /weir (.*?)( [|>)].*)?\)?$/.exec(line)![1]!.split(' ')
      if (words[0]!.startsWith('--')) continue
      const two = COMMANDS.find(({ name }) => name === `${words[0]} ${words[1]}`)
      const owner = two ?? COMMANDS.find(({ name }) => name === words[0])!
      const { given, operands } = parseFlags(owner, words.slice(two === undefined ? 1 : 2))
      const prepare = await preparationOf(owner.name)?.()
      prepare?.(given, operands)
    }
  }
})

test('the manual page has every command and flag, and no line that roff would take for its own', () => {
  const page = manualPage()
  for (const command of COMMANDS) {
    assert.ok(page.includes(`.SH WEIR ${command.name.toUpperCase()}`))
    for (const flag of command.flags) {
      const name = `\\-\\-${flag.name.replaceAll('-', '\\-')}`
      if (flag.name.length > 1) assert.is(page.includes(name), flag.isHidden !== true, flag.name)
    }
  }
  for (const line of page.split('\n')) {
    if (/^['.]/.test(line)) assert.match(line, /^\.(TH|SH|SS|TP|PP|RS|RE|EX|EE|B|I)\b/, line)
  }
})

test('completions offer every shown flag, and no hidden one', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = completionScript(shell)
    for (const flag of COMMANDS.flatMap(({ flags }) => flags)) {
      const name = shell === 'fish' ? `-${flag.name.length > 1 ? 'l' : 's'} ${flag.name}` : `-${flag.name}`
      assert.is(script.includes(name), flag.isHidden !== true, `${shell} ${flag.name}`)
    }
  }
  assert.throws(() => completionScript('fsh'), /did you mean fish\?/)
})

test.run()

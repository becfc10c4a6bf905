import { CONFIGURED } from './commands.ts'
import { type Command, findFlag, firstWord, type Given, type GivenFlags } from './flags.ts'
import { preparationOf } from './prepared.ts'
import { UsageError } from './usage-error.ts'

/** The UsageError that the command would throw for these flags, or null. */
export async function refusal(command: Command, given: GivenFlags): Promise<UsageError | null> {
  const prepare = await preparationOf(command.name)!()
  try {
    prepare(given, [])
    return null
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
}

/** The commands of a section that have the flag. */
export function ownersOf(section: string, flag: string): Command[] {
  return CONFIGURED.filter(
    (command) => firstWord(command) === section && findFlag(command.flags, flag) !== undefined,
  )
}

/** What is wrong with a configured value for each of these commands; null for those that can use it. */
export async function valueRefusals(
  owners: readonly Command[],
  flag: string,
  value: Given,
): Promise<(UsageError | null)[]> {
  const errors = await Promise.all(owners.map((owner) => refusal(owner, new Map([[flag, value]]))))
  return errors.map((error) => (error?.message.startsWith(value.source) === true ? error : null))
}

import { test } from 'uvu'
import { GENERIC } from '../lib/report/presets/generic.ts'
import { PRESETS } from '../lib/report/presets/presets.ts'
import { golden } from '../lib/testing/golden.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { analyzeOptions, commandOf } from './analyze-flags.ts'
import { answerText } from './analyze-run.ts'
import { ANALYZE_FORMATS } from './analyze-table.ts'
import { parseFlags } from './parse-flags.ts'

// What each report prints, in every format, of the archive that ships with the tests.

const ARCHIVE = 'testdata/archive/v1/flows.weir'
const NETWORKS = 'testdata/reports/networks.txt'
const INTERFACES = 'testdata/reports/interfaces.csv'

const CASES: readonly (readonly [name: string, line: string])[] = [
  ['local', `local --local ${NETWORKS}`],
  ['local-customers', `local --local ${NETWORKS} --by customer --top 2`],
  ['as', `as --local ${NETWORKS} --top 4`],
  ['combo', `combo --local ${NETWORKS} --top 2,2,1`],
  ['series', 'series --by direction --bin 5s --from 2026-01-01T00:00:00Z --to 2026-01-01T00:00:20Z'],
  ['series-wide', 'series --by proto --bin 2s --wide'],
  ['series-sparkline', 'series --by proto --bin 1s --sparkline'],
  ['top', 'top --top 3'],
  ['top-services', 'top services --top 3'],
  ['count', 'count port 443'],
  ['p95', `p95 --local ${NETWORKS} --by customer --bin 1s --commit 1M`],
  ['p95-interfaces', 'p95 --by if --bin 2s --top 3 --method sum'],
  ['matrix', `matrix --local ${NETWORKS} --by 'local.site x local.site'`],
  ['matrix-long', `matrix --local ${NETWORKS} --by 'as x if' --top 3 --long`],
  ['diff', 'diff --by remote.as --from 2026-01-01T00:00:01Z --to 2026-01-01T00:00:02Z --top-change 4'],
  ['new', 'new --by dst.port --from 2026-01-01T00:00:01Z --to 2026-01-01T00:00:20Z --top 3'],
  ['capacity', `capacity --ifs ${INTERFACES} --bin 1s --top 2`],
  ['quality', 'quality'],
  [
    'query',
    "--by src.ip/16,proto --sum bytes,bpp,uniq(dst.ip) --top 3 --others --having 'flows > 2 or bytes > 1M'",
  ],
]

process.env['COLUMNS'] = '110'
process.env['NO_COLOR'] = '1'
process.chdir(projectRoot)

function optionsOf(line: string, format: string) {
  const words = line.split(/ (?=(?:[^']*'[^']*')*[^']*$)/).map((word) => word.replaceAll("'", ''))
  const preset = PRESETS.find(({ name }) => name === words[0]) ?? GENERIC
  const { given, operands } = parseFlags(commandOf(preset), [
    ...(preset === GENERIC ? words : words.slice(1)),
    ...['--in', ARCHIVE, '--format', format],
  ])
  return analyzeOptions(preset, given, operands, 0)
}

for (const [name, line] of CASES) {
  // Pages have tests of their own.
  for (const format of ANALYZE_FORMATS.filter((each) => each !== ('html' as string))) {
    test(`weir analyze ${line} --format ${format}`, async () => {
      golden(`testdata/reports/${name}.golden.${format}`, await answerText(optionsOf(line, format)))
    })
  }
}

test.run()

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PRESETS } from '../lib/report/presets/presets.ts'
import { attackWorld } from '../lib/testing/attack-world.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { scanWorld } from '../lib/testing/scan-world.ts'
import { analyzeOptions, commandOf } from './analyze-flags.ts'
import { answerText } from './analyze-run.ts'
import { parseFlags } from './parse-flags.ts'
import { writeArchive } from './testing/written-archive.ts'

// Pages as a browser shows them. Debian's chromium; nothing is downloaded.

const CHROMIUM = '/usr/bin/chromium'
const ARCHIVE = join(projectRoot, 'testdata/archive/v1/flows.weir')
const NETWORKS = join(projectRoot, 'testdata/reports/networks.txt')

const PAPER = 'getComputedStyle(document.body).backgroundColor'

const folder = mkdtempSync(join(tmpdir(), 'weir-page-'))
const test = suite('pages')
if (!existsSync(CHROMIUM)) {
  console.log(`skipped: there is no ${CHROMIUM} to show pages with`)
} else {
  let browser: Browser
  const file = join(folder, 'page.html')

  test.before(async () => {
    writeFileSync(file, await pageOf(['as', '--bin', '1s']))
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })
  test.after(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  async function opened(
    options: Parameters<Browser['newPage']>[0],
    use: (page: Page, met: string[]) => Promise<void>,
  ): Promise<void> {
    const page = await browser.newPage(options)
    const met: string[] = []
    page.on('console', (message) => met.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => met.push(`error: ${error.message}`))
    page.on('request', (request) => {
      if (!request.url().startsWith('file:') && !request.url().startsWith('data:')) met.push(request.url())
    })
    try {
      await page.goto(`file://${file}`)
      await use(page, met)
    } finally {
      await page.close()
    }
  }

  const wide = { viewport: { width: 1280, height: 900 } }

  test('a page draws its chart without an error or a request', () =>
    opened(wide, async (page, met) => {
      const drawn = await page.evaluate(`(() => {
        const canvas = document.querySelector('canvas')
        return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value !== 0)
      })()`)
      assert.ok(drawn)
      assert.is((await page.locator('.ribbons svg .ribbon').count()) > 0, true)
      assert.equal(met, [])
    }))

  test('dragging over the chart zooms in, a double click shows all again', () =>
    opened(wide, async (page, met) => {
      const span = () =>
        page.evaluate<number>('weirCharts[0].chart.scales.x.max - weirCharts[0].chart.scales.x.min')
      const all = await span()
      const box = (await page.locator('.u-over').first().boundingBox())!
      const y = box.y + box.height / 2
      await page.mouse.move(box.x + box.width * 0.25, y)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.75, y, { steps: 5 })
      await page.mouse.up()
      const part = (await span()) / all
      assert.ok(part > 0.4 && part < 0.6, String(part))
      await page.mouse.dblclick(box.x + box.width / 2, y)
      assert.is(await span(), all)
      assert.equal(met, [])
    }))

  for (const width of [1280, 400]) {
    test(`nothing is wider than a window of ${width} pixels`, () =>
      opened({ viewport: { width, height: 800 } }, async (page) => {
        const [scrolled, shown] = await page.evaluate<number[]>(
          '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
        )
        assert.ok(scrolled! <= shown!, `${scrolled} of ${shown}`)
      }))
  }

  test('dark and light follow the system, also while the page is open', () =>
    opened({ ...wide, colorScheme: 'dark' }, async (page, met) => {
      const paper = () => page.evaluate<string>(PAPER)
      assert.is(await paper(), 'rgb(20, 24, 29)')
      await page.emulateMedia({ colorScheme: 'light' })
      assert.is(await paper(), 'rgb(255, 255, 255)')
      assert.equal(met, [])
    }))

  test('it prints: drawings instead of the canvas, on white', () =>
    opened({ ...wide, colorScheme: 'dark' }, async (page) => {
      await page.emulateMedia({ media: 'print' })
      assert.ok(await page.locator('svg.static').first().isVisible())
      assert.not(await page.locator('canvas').first().isVisible())
      assert.is(await page.evaluate<string>(PAPER), 'rgb(255, 255, 255)')
      assert.is((await page.pdf()).subarray(0, 5).toString(), '%PDF-')
    }))

  test('without scripts tables and drawings are there', () =>
    opened({ ...wide, javaScriptEnabled: false }, async (page) => {
      assert.ok(await page.locator('svg.static').first().isVisible())
      assert.ok((await page.locator('tbody tr').count()) > 3)
    }))

  test('every report makes a page that opens without an error', async () => {
    for (const words of [
      ['local'],
      ['top'],
      ['series', '--bin', '1s'],
      ['p95', '--bin', '1s'],
      ['matrix'],
      ['quality'],
      ['capacity', '--bin', '1s'],
    ]) {
      writeFileSync(file, await pageOf(words))
      await opened(wide, async (page, met) => {
        assert.ok(await page.locator('h1').isVisible())
        assert.equal(met, [], words.join(' '))
      })
    }
  })

  test('reports that read flows themselves draw what they found over time', async () => {
    for (const [words, world, line] of [
      [['scan'], scanWorld(6, 200), '185.220.101.12'],
      [['ddos'], attackWorld(6), '10.'],
      [['host', '10.0.0.3'], scanWorld(6, 200), 'sent'],
    ] as const) {
      const archive = join(folder, 'world.weir')
      writeArchive(archive, world.write)
      writeFileSync(file, await pageOf([...words], archive))
      for (const colorScheme of ['light', 'dark'] as const) {
        await opened({ ...wide, colorScheme }, async (page, met) => {
          assert.ok(await page.locator('canvas').first().isVisible(), words.join(' '))
          assert.match(await page.locator('.chart').first().innerHTML(), line)
          assert.equal(met, [], words.join(' '))
          await page.emulateMedia({ media: 'print' })
          assert.ok(await page.locator('svg.static').first().isVisible())
        })
      }
    }
    for (const words of [['quality'], ['capacity', '--bin', '1s']]) {
      writeFileSync(file, await pageOf(words))
      await opened(wide, async (page) => {
        assert.ok(await page.locator('canvas').first().isVisible(), words.join(' '))
        assert.match(await page.locator('.chart').first().innerHTML(), '192.0.2.1')
      })
    }
  })
}

async function pageOf([name, ...words]: readonly string[], archive = ARCHIVE): Promise<string> {
  const preset = PRESETS.find((each) => each.name === name)!
  const line = [...words, '--in', archive, '--local', NETWORKS, '--format', 'html']
  const { given, operands } = parseFlags(commandOf(preset), line)
  return answerText(analyzeOptions(preset, given, operands, 0))
}

test.run()

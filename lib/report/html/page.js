// Runs in the reader's browser: draws each chart's data so that one can zoom. Without it the drawings stay.
;(() => {
  const UNITS = ['', ' k', ' M', ' G', ' T', ' P', ' E']
  const charts = []

  function short(value) {
    if (value === null || value === undefined) return '–'
    let power = 0
    let rest = value
    while (Math.abs(rest) >= 999.5 && power < UNITS.length - 1) {
      rest /= 1000
      power++
    }
    return (power === 0 ? String(Math.round(rest * 100) / 100) : rest.toPrecision(3)) + UNITS[power]
  }

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  }

  function draw(figure, range) {
    const { times, lines, zone } = JSON.parse(figure.querySelector('script').textContent)
    const plot = figure.querySelector('.plot')
    const axis = { stroke: color('--soft'), grid: { stroke: color('--line') }, ticks: { stroke: color('--line') } }
    const chart = new uPlot(
      {
        width: plot.clientWidth,
        height: 260,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
        series: [
          { value: '{YYYY}-{MM}-{DD} {HH}:{mm}' },
          ...lines.map(({ name }, i) => ({
            label: name,
            stroke: color(`--c${i}`),
            width: 1.6,
            value: (_, value) => short(value),
          })),
        ],
        axes: [
          { ...axis, space: 90, values: [
            [86400, '{YYYY}-{MM}-{DD}', null, null, null, null, null, null, 1],
            [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
            [1, '{HH}:{mm}:{ss}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
          ] },
          { ...axis, size: 62, values: (_, values) => values.map(short) },
        ],
        scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] } },
        cursor: { drag: { x: true, y: false } },
      },
      [times, ...lines.map(({ values }) => values)],
      plot,
    )
    if (range) chart.setScale('x', range)
    return chart
  }

  function drawAll() {
    for (const entry of charts) {
      const scale = entry.chart ? entry.chart.scales.x : null
      if (entry.chart) entry.chart.destroy()
      entry.chart = draw(entry.figure, scale && { min: scale.min, max: scale.max })
    }
  }

  for (const figure of document.querySelectorAll('figure.chart')) {
    const plot = document.createElement('div')
    plot.className = 'plot'
    figure.querySelector('.static').before(plot)
    figure.classList.add('live')
    charts.push({ figure, chart: null })
  }
  drawAll()
  window.weirCharts = charts
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
  addEventListener('resize', () => {
    for (const { figure, chart } of charts) {
      const width = figure.clientWidth
      if (width > 0 && width !== chart.width) chart.setSize({ width, height: 260 })
    }
  })
})()

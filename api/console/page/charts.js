// Charts over the last 15 minutes, with uPlot. They take their colours from the stylesheet, share
// one cursor, and all have the same left edge, so that one time is at one place in each.

/* global uPlot */
const gutter = 46; // px of the axis on the left
const sync = uPlot.sync('console');
const made = new Set();

/** colour resolves a custom property to what a canvas can draw. */
export function colour(name, alpha = 1) {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return alpha === 1 ? found : found.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}

/**
 * makeChart draws series below parent: lines, or bars; dots mark the values above 0. A series is { label, colour, fill, dash, bars, dots };
 * options are { label, height, axis (whether times are shown), format, marks(), cursor(i) }: marks are events
 * with an at; cursor is told the place in the columns below the pointer, of any chart, or null.
 * show takes times (s), columns of values and a summary in words.
 */
export function makeChart(parent, series, options) {
  const box = parent.appendChild(document.createElement('div'));
  box.className = 'chart';
  box.setAttribute('role', 'img');
  let chart, data;
  const build = () => {
    chart?.destroy();
    chart = new uPlot(settings(series, options, box.clientWidth), data ?? [[], ...series.map(() => [])], box);
  };
  const handle = { build, box, get chart() { return chart; } };
  made.add(handle);
  resizes.observe(box);
  return {
    box,
    show(times, columns, summary) {
      data = [times, ...columns];
      box.setAttribute('aria-label', `${options.label}. ${summary ?? ''}`);
      if (!chart) build();
      else chart.setData(data);
    },
    remove() {
      made.delete(handle);
      resizes.unobserve(box);
      chart?.destroy();
      box.remove();
    },
  };
}

const resizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    for (const { box, chart } of made) {
      if (box === target && chart && Math.abs(chart.width - box.clientWidth) > 1) chart.setSize({ width: box.clientWidth, height: chart.height });
    }
  }
});

/** repaintCharts draws all charts anew, after the colours changed. */
export function repaintCharts() {
  for (const { build, chart } of made) if (chart) build();
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaintCharts);

function settings(series, options, width) {
  const muted = colour('muted');
  const line = colour('line');
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const time = (_, splits) => splits.map((s) => new Date(s * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' }));
  return {
    width: Math.max(80, width),
    height: options.height,
    padding: [6, 8, options.axis ? 0 : 2, 0],
    legend: { show: false },
    cursor: { sync: { key: sync.key, setSeries: false }, points: { size: 5 }, drag: { x: false, y: false }, y: false },
    scales: { x: { time: true }, y: { range: (_, low, high) => [0, nice(Math.max(options.least ?? 1, high ?? 0))] } },
    axes: [
      { show: Boolean(options.axis), size: 22, stroke: muted, font, space: 70, grid: { show: false }, ticks: { stroke: line, width: 1, size: 4 }, values: time },
      { size: gutter, stroke: muted, font, grid: { stroke: line, width: 1 }, ticks: { show: false }, gap: 4,
        splits: (u) => (options.height > 60 ? [0, u.scales.y.max / 2, u.scales.y.max] : [u.scales.y.max]), values: (_, splits) => splits.map((v) => (v === 0 ? '0' : options.format(v))) },
    ],
    series: [{}, ...series.map((s) => ({
      label: s.label, stroke: colour(s.colour), width: s.width ?? (s.bars ? 0 : 1.5), dash: s.dash, spanGaps: false, points: s.dots ? { show: true, size: 6, width: 0, fill: colour(s.colour), filter: (u, i) => above(u.data[i]) } : { show: false },
      fill: s.fill ? colour(s.colour, s.fill) : undefined, paths: s.bars ? uPlot.paths.bars({ size: [1, Infinity], align: -1 }) : undefined,
    }))],
    bands: options.stacked ? series.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : undefined,
    hooks: { draw: [(u) => drawMarks(u, options.marks?.() ?? [])], setCursor: [(u) => options.cursor?.(u.cursor.idx)] },
  };
}

function drawMarks(u, events) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const event of events) {
    const x = Math.round(u.valToPos(Date.parse(event.at) / 1000, 'x', true));
    if (!(x >= bbox.left && x <= bbox.left + bbox.width)) continue;
    ctx.strokeStyle = colour(event.tone ?? 'muted');
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

// above finds the places of the values above 0.
const above = (values) => values.flatMap((v, i) => (v > 0 ? [i] : []));

// nice is the next number of the kind 1, 2, 5, 10 that is not smaller.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].find((step) => step * power >= value) * power;
}

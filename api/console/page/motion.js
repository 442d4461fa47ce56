// Traffic on the bands: short strokes that move from left to right, faster where more flows.
// Canvases draw them at a low frame rate, because animated SVG strokes make the browser paint everything 60 times a second. They
// stand still for who prefers reduced motion, out of sight, in a hidden tab and without a stream.

import { colour } from './charts.js';
import { attribute, el, style } from './dom.js';

const frame = 60; // ms
const spacing = 30; // px between two strokes
const stroke = 5; // px

/**
 * makeMotion returns element, and show(bands, fields, height): bands have a line, thick and rate,
 * fields are the two places between the columns, with x and width.
 */
export function makeMotion() {
  const canvases = [el('canvas'), el('canvas')];
  const element = el('div', { class: 'motion', 'aria-hidden': 'true' }, canvases);
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const moved = new Map(); // by band: px that its strokes have moved
  let bands = [], layers = [], inSight = false, last = 0, timer, ink, scale = 1;

  const moves = () => inSight && !still.matches && !document.hidden && !document.body.hasAttribute('data-lost') && bands.length > 0;
  function next() {
    clearTimeout(timer);
    if (moves()) timer = setTimeout(() => requestAnimationFrame(draw), frame);
    else if (still.matches) for (const canvas of canvases) clear(canvas, 1, 0);
  }

  function draw(now) {
    const passed = Math.min(200, now - last) / 1000;
    last = now;
    for (const { canvas, x, widths } of layers) {
      const context = clear(canvas, scale, x);
      context.strokeStyle = ink;
      for (const [width, some] of widths) {
        context.lineWidth = width;
        context.beginPath();
        for (const band of some) strokes(context, band, (moved.get(band.id) ?? 0) % spacing);
        context.stroke();
      }
    }
    for (const { id, rate } of bands) moved.set(id, (moved.get(id) ?? 0) + speed(rate) * passed);
    next();
  }

  new IntersectionObserver(([entry]) => {
    inSight = entry.isIntersecting;
    next();
  }).observe(element);
  document.addEventListener('visibilitychange', next);
  still.addEventListener('change', next);

  return {
    element,
    show(all, fields, height) {
      bands = all.filter((b) => b.rate > 0);
      for (const id of moved.keys()) if (!bands.some((b) => b.id === id)) moved.delete(id);
      ink = colour('panel');
      scale = Math.min(2, devicePixelRatio || 1);
      style(element, 'height', `${height}px`);
      layers = fields.map(({ x, width }, i) => {
        size(canvases[i], x, width, height, scale);
        const own = bands.filter((b) => b.line[0] >= x - 1 && b.line[0] < x + width);
        return { canvas: canvases[i], x, widths: Map.groupBy(own, (b) => (b.thick > 8 ? 2.5 : b.thick > 3 ? 1.75 : 1)) };
      });
      next();
    },
  };
}

function size(canvas, x, width, height, scale) {
  attribute(canvas, 'width', Math.round(width * scale));
  attribute(canvas, 'height', Math.round(height * scale));
  style(canvas, 'left', `${Math.round(x)}px`);
  style(canvas, 'width', `${Math.round(width)}px`);
  style(canvas, 'height', `${height}px`);
}

// clear empties a canvas; then its left edge is at x.
function clear(canvas, scale, x) {
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.translate(-x, 0);
  return context;
}

// speed is in px a second.
const speed = (rate) => Math.min(90, 12 + 14 * Math.log2(rate + 1));

// strokes adds the strokes of a band to the path, along the curve that the band follows.
function strokes(context, { line }, phase) {
  const length = Math.hypot(line[2] - line[0], line[3] - line[1]);
  for (let at = phase; at < length - stroke; at += spacing) {
    context.moveTo(...point(line, at / length));
    context.lineTo(...point(line, (at + stroke) / length));
  }
}

// point is on the cubic curve whose control points lie in the middle between x0 and x1.
function point([x0, y0, x1, y1], t) {
  const s = 1 - t;
  return [x0 + (x1 - x0) * (1.5 * t * s + t * t * t), y0 + (y1 - y0) * (3 * t * t * s + t * t * t)];
}

// The drawing: upstreams, sources, endpoints, and between them bands as wide as their traffic.
// Below a width it is a list without bands.

import { attribute, el, keyed, style, svg } from './dom.js';
import { columnWidths, curve, links, place } from './layout.js';
import { makeMotion } from './motion.js';
import { makeNode, updateNode } from './nodes.js';
import { makeOrder } from './order.js';
import { condition, states } from './words.js';

const listBelow = 700; // px
const kinds = { upstreams: 'Upstreams', sources: 'Sources', endpoints: 'Endpoints' };
const counts = { upstreams: 'calls', sources: 'answers used', endpoints: 'answers' };

/** makeRivers draws into root; pressed.upstream(name) and pressed.endpoint(route) are called. */
export function makeRivers(root, pressed) {
  const order = makeOrder();
  const unfolded = new Set();
  const drawing = svg('svg', { 'aria-hidden': 'true', focusable: 'false' });
  const beds = svg('g', { class: 'beds' });
  const flows = svg('g', { class: 'flows' });
  drawing.append(patterns(), beds, flows);
  const lists = {};
  for (const [kind, title] of Object.entries(kinds)) {
    lists[kind] = el('div', { class: 'nodes', role: 'list', 'aria-label': title });
    root.append(el('div', { class: `column ${kind}` }, el('p', { class: 'heading', 'aria-hidden': 'true' }, title, el('span', {}, ` ${counts[kind]}`)), lists[kind]));
  }
  const motion = makeMotion();
  root.append(drawing, motion.element);

  let latest, width = 0, opened;
  const press = (node) => {
    if (node.kind === 'rest') {
      if (!unfolded.delete(node.of)) unfolded.add(node.of);
      redraw();
      const next = lists[node.of].byKey.get(node.folded[0]?.id ?? node.id);
      next?.querySelector('.press')?.focus();
    } else if (node.kind === 'upstream') pressed.upstream(node.name);
    else pressed.endpoint(node.name);
  };

  function redraw() {
    if (width === 0) return;
    const asList = width < listBelow;
    attribute(root, 'data-list', asList);
    if (!asList) sizeColumns(lists, columnWidths(width)); // before the first state too: a column without a width puts its heading outside
    if (!latest) return;
    const { model, state } = latest;
    const columns = order(model, state, unfolded);
    for (const [kind, nodes] of Object.entries(columns)) {
      keyed(lists[kind], nodes, (n) => n.id, (n) => makeNode(n, press), (element, n) => updateNode(element, n, opened));
    }
    if (asList) return unplace(lists);
    const all = links(model, state, columns);
    const elements = new Map(Object.values(lists).flatMap((list) => [...list.byKey]));
    const heights = new Map([...elements].map(([id, element]) => [id, element.firstElementChild.offsetHeight])); // the only read of the layout
    const plan = place(columns, all, width, (node) => Math.max(24, heights.get(node.id) ?? 0));
    draw(plan, all, elements);
  }

  function draw(plan, all, elements) {
    attribute(drawing, 'viewBox', `0 0 ${plan.width} ${Math.ceil(plan.height)}`);
    style(drawing, 'height', `${Math.ceil(plan.height)}px`);
    for (const list of Object.values(lists)) style(list, 'height', `${Math.ceil(plan.height)}px`);
    for (const [id, element] of elements) {
      const box = plan.boxes.get(id);
      style(element, 'transform', `translateY(${Math.round(box.y)}px)`);
      style(element, 'height', `${Math.round(box.height)}px`);
    }
    keyed(beds, all.filter((l) => l.rate === 0), (l) => l.id, () => svg('path'), (path, l) => attribute(path, 'd', curve(...l.line)));
    keyed(flows, all.filter((l) => l.rate > 0), (l) => l.id, makeBand, updateBand);
    motion.show(all, plan.fields, Math.ceil(plan.height));
  }

  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now !== width) {
      width = now;
      requestAnimationFrame(redraw);
    }
  }).observe(root);
  highlight(root);

  return {
    show(model, state) {
      latest = { model, state };
      redraw();
    },
    open(name) {
      opened = name;
      redraw();
    },
  };
}

function unplace(lists) {
  for (const list of Object.values(lists)) {
    style(list, 'height', '');
    for (const node of list.children) {
      style(node, 'transform', '');
      style(node, 'height', '');
    }
  }
}

function sizeColumns(lists, at) {
  style(lists.upstreams.parentElement, 'width', `${at.upstream}px`);
  style(lists.sources.parentElement, 'width', `${at.source}px`);
  style(lists.endpoints.parentElement, 'width', `${at.endpoint}px`);
}

const makeBand = (link) => svg('g', { 'data-from': link.from, 'data-to': link.to });

function updateBand(band, link) {
  keyed(band, link.parts, (p) => p.name, (p) => svg('path', { 'data-state': p.name, fill: fills[p.name] }), (path, p) => attribute(path, 'd', p.d));
}

// Stale and failed bands are hatched, so that they differ in more than colour.
const fills = { stale: 'url(#stale)', failed: 'url(#failed)' };

function patterns() {
  const pattern = (id, size, rotate, width) =>
    svg('pattern', { id, width: size, height: size, patternUnits: 'userSpaceOnUse', patternTransform: `rotate(${rotate})` },
      svg('rect', { width: size, height: size, class: 'ground', 'data-state': id }),
      svg('rect', { width, height: size, class: 'hatch' }));
  return svg('defs', {}, pattern('stale', 6, 60, 1), pattern('failed', 5, -45, 2));
}

// highlight keeps the bands of the node under the pointer or the focus, and dims the others.
function highlight(root) {
  const mark = (node) => {
    for (const band of root.querySelectorAll('.flows > g')) {
      attribute(band, 'data-dim', Boolean(node) && band.dataset.from !== node.id && band.dataset.to !== node.id);
    }
  };
  const over = (event) => mark(event.target.closest?.('.node')?.node);
  root.addEventListener('pointerover', over);
  root.addEventListener('focusin', over);
  root.addEventListener('pointerleave', () => mark());
  root.addEventListener('focusout', () => mark());
}

/** showLegend names the states with their shapes, and says what the width means. */
export function showLegend(parent) {
  for (const name of states) parent.append(el('span', { class: 'state', 'data-state': name }, name));
  parent.append(el('span', { class: 'muted scale' }, 'width: square root of the rate over 10 s'));
}

/** showTable writes the flows as a table. */
export function showTable(parent, state) {
  const row = (cells) => el('tr', {}, cells.map((cell) => el('td', {}, cell)));
  const upstreams = (state.upstreams ?? []).map((u) => row([u.name, condition(u.state).word, u.why ?? '', u.calls_per_s?.toFixed(1) ?? '']));
  const flows = (state.flows ?? []).map((f) => row([f.source, f.route, ...states.map((name) => f.states?.[name]?.toFixed(1) ?? '')]));
  const table = (caption, heads, rows) =>
    el('table', {}, el('caption', {}, caption), el('thead', {}, el('tr', {}, heads.map((h) => el('th', { scope: 'col' }, h)))), el('tbody', {}, rows));
  parent.replaceChildren(
    table('Upstreams', ['Upstream', 'State', 'Why', 'Calls per second'], upstreams),
    table('Answers per second, by the state of the source', ['Source', 'Endpoint', ...states], flows));
}

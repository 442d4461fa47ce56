// Where nodes and bands are drawn, from columns and flows to numbers. It knows no elements.

import { states as stateOrder } from './words.js';

const gap = 10; // least distance of two nodes in a column
const tall = 800; // px, from which on columns begin at the top: their middles would not be on one screen
const sum = (states) => Object.values(states).reduce((total, rate) => total + rate, 0);

/** widths of the columns and of the two fields between them, for a drawing of some width. */
export function columnWidths(width) {
  const upstream = Math.min(280, Math.max(185, width * 0.23));
  const source = Math.min(210, Math.max(160, width * 0.155));
  const endpoint = Math.min(330, Math.max(200, width * 0.26));
  const field = (width - upstream - source - endpoint) / 2;
  return { upstream, source, endpoint, field, sources: upstream + field, endpoints: upstream + field * 2 + source };
}

/**
 * links are the bands of a state: from upstream to source (calls), from source to endpoint
 * (answers). Bands of folded nodes are joined. Connections without traffic have no states.
 */
export function links(model, state, columns) {
  const row = new Map();
  for (const column of Object.values(columns)) {
    for (const node of column) for (const n of node.folded ?? [node]) row.set(n.id, node.id);
  }
  const found = new Map();
  const add = (from, to, states) => {
    [from, to] = [row.get(from), row.get(to)];
    if (!from || !to) return;
    const id = `${from} > ${to}`;
    if (!found.has(id)) found.set(id, { id, from, to, states: {} });
    const link = found.get(id);
    for (const [name, rate] of Object.entries(states ?? {})) link.states[name] = (link.states[name] ?? 0) + rate;
  };
  for (const s of model.sources) add(`u ${s.upstream}`, `s ${s.name}`);
  for (const e of model.endpoints) for (const s of e.sources ?? []) add(`s ${s}`, `e ${e.route}`);
  for (const a of state.asks ?? []) add(`u ${a.upstream}`, `s ${a.source}`, a.states);
  for (const f of state.flows ?? []) add(`s ${f.source}`, `e ${f.route}`, f.states);
  return [...found.values()].map((link) => ({ ...link, rate: sum(link.states) }));
}

let factor = 8;

/** thickness is proportional to the square root of the rate, so that small flows stay visible. */
const thickness = (rate) => (rate > 0 ? Math.max(1.5, factor * Math.sqrt(rate)) : 1);

// fit chooses the factor so that no node gets higher than 56 px; it changes in large steps only.
function fit(all) {
  const sides = new Map();
  for (const { from, to, rate } of all) {
    for (const side of [`${from} out`, `${to} in`]) sides.set(side, (sides.get(side) ?? 0) + Math.sqrt(rate));
  }
  const best = Math.min(8, 56 / Math.max(1, ...sides.values()));
  if (best < factor || best > factor * 1.6) factor = Math.min(8, best * 0.85);
}

/**
 * place gives every node a top and a height, and every link a path for each of its states.
 * heightOf(node) is the height that the words of a node need.
 */
export function place(columns, all, width, heightOf) {
  fit(all);
  const at = columnWidths(width);
  const sides = new Map();
  const side = (id, way) => sides.get(`${id} ${way}`) ?? 0;
  for (const link of all) {
    link.thick = thickness(link.rate);
    for (const key of [`${link.from} out`, `${link.to} in`]) sides.set(key, (sides.get(key) ?? 0) + link.thick + 1);
  }
  const boxes = new Map();
  const lists = [columns.upstreams, columns.sources, columns.endpoints];
  const heights = lists.map((nodes) => nodes.map((n) => Math.max(heightOf(n), side(n.id, 'in') + 4, side(n.id, 'out') + 4)));
  const totals = heights.map((column) => column.reduce((a, b) => a + b, 0) + gap * Math.max(0, column.length - 1));
  const height = Math.max(80, ...totals);
  const left = [0, at.sources, at.endpoints];
  const wide = [at.upstream, at.source, at.endpoint];
  lists.forEach((nodes, c) => {
    const more = nodes.length > 1 ? Math.min(28, (height - totals[c]) / (nodes.length - 1)) : 0;
    let y = height > tall ? 0 : Math.max(0, (height - totals[c] - more * (nodes.length - 1)) / 2);
    nodes.forEach((node, i) => {
      boxes.set(node.id, { x: left[c], y, width: wide[c], height: heights[c][i] });
      y += heights[c][i] + gap + more;
    });
  });
  bands(all, boxes, side);
  const fields = [{ x: at.upstream, width: at.field }, { x: at.sources + at.source, width: at.field }];
  return { boxes, height, width, fields };
}

// bands stacks the links at both of their nodes, in the order of the nodes opposite.
function bands(all, boxes, side) {
  const used = new Map();
  const start = (id, way, thick) => {
    const box = boxes.get(id);
    const key = `${id} ${way}`;
    const y = used.get(key) ?? box.y + (box.height - side(id, way)) / 2;
    used.set(key, y + thick + 1);
    return y;
  };
  for (const link of all.toSorted((a, b) => boxes.get(a.to).y - boxes.get(b.to).y)) link.y0 = start(link.from, 'out', link.thick);
  for (const link of all.toSorted((a, b) => boxes.get(a.from).y - boxes.get(b.from).y)) link.y1 = start(link.to, 'in', link.thick);
  for (const link of all) {
    const from = boxes.get(link.from);
    const x0 = from.x + from.width;
    const x1 = boxes.get(link.to).x;
    link.line = [x0, link.y0 + link.thick / 2, x1, link.y1 + link.thick / 2];
    link.parts = [];
    let done = 0;
    for (const name of stateOrder) {
      const share = link.rate > 0 ? (link.states[name] ?? 0) / link.rate : 0;
      if (share <= 0) continue;
      link.parts.push({ name, d: area(x0, link.y0 + done, x1, link.y1 + done, link.thick * share) });
      done += link.thick * share;
    }
  }
}

const r = (n) => Math.round(n * 10) / 10;
const bend = (x0, x1) => r((x0 + x1) / 2);

/** curve is the middle of a band. */
export const curve = (x0, y0, x1, y1) => `M${r(x0)} ${r(y0)}C${bend(x0, x1)} ${r(y0)} ${bend(x0, x1)} ${r(y1)} ${r(x1)} ${r(y1)}`;
const area = (x0, y0, x1, y1, t) =>
  `${curve(x0, y0, x1, y1)}V${r(y1 + t)}C${bend(x0, x1)} ${r(y1 + t)} ${bend(x0, x1)} ${r(y0 + t)} ${r(x0)} ${r(y0 + t)}Z`;

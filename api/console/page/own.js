// What each source of a merged answer says itself, beside the answer.

import { el } from './dom.js';
import { title } from './words.js';

/** showOwn is a table of the numbers of an answer and of its sources; undefined without sources. */
export function showOwn(data, own) {
  if (!data || !own?.length) return undefined;
  const answer = flat(data);
  const columns = own.map((o) => ({ source: o.source, values: flat(o.values) }));
  const names = Object.keys(answer).filter((name) => columns.some((c) => name in c.values));
  if (names.length === 0) return undefined;
  const units = data.units ?? {};
  return el('div', { class: 'own', tabindex: '0', role: 'group', 'aria-label': 'The answer beside its sources' },
    el('table', { class: 'small' },
      el('caption', {}, 'The answer beside its sources, which are in metric units'),
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Value'), el('th', { scope: 'col', class: 'number' }, 'Answer'), columns.map((c) => el('th', { scope: 'col', class: 'number' }, c.source)))),
      el('tbody', {}, names.map((name) => el('tr', {},
        el('th', { scope: 'row' }, title(name), units[name] ? el('span', { class: 'muted' }, ` ${units[name]}`) : undefined),
        el('td', { class: 'number' }, String(answer[name])),
        columns.map((c) => el('td', { class: 'number' }, name in c.values ? String(round(c.values[name])) : '–')))))));
}

const round = (value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value);

// flat has the numbers and the condition of a report under the names that sources use:
// wind.speed of an answer is wind_speed.
function flat(values) {
  const all = {};
  for (const [name, value] of Object.entries(values ?? {})) {
    if (typeof value === 'number') all[name] = value;
    else if (name === 'condition') all[name] = value?.code ?? value;
    else if (name === 'wind' || name === 'pollen') for (const [part, n] of Object.entries(value ?? {})) all[`${name}_${part}`] = n;
  }
  return all;
}

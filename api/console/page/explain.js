// Explain: the story of an earlier answer, found by its trace id or among the newest.

import { el, keyed, text, attribute } from './dom.js';
import { get } from './server.js';
import { showStory } from './story.js';
import { clock, milliseconds, outcomeState, title } from './words.js';

const newest = 25; // that are shown

/** makeExplain fills the form, the list and the place of the story. */
export function makeExplain(form, list, place, jaegerURL) {
  const id = el('input', { name: 'trace', placeholder: '32 hexadecimal digits, or a traceparent', autocomplete: 'off', spellcheck: 'false', required: true });
  const refresh = el('button', { type: 'button', onclick: load }, 'Newest answers');
  const unwell = el('input', { type: 'checkbox', onchange: load });
  form.append(el('label', { class: 'trace-id' }, el('span', {}, 'Trace id'), id), el('button', { class: 'primary' }, 'Explain'), refresh,
    el('label', { class: 'check' }, unwell, el('span', {}, 'only those that were not complete')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    explain(traceID(id.value));
  });
  const rows = el('tbody');
  const table = el('table', { class: 'small' }, el('thead', {}, el('tr', {}, ['At', 'Request', 'Outcome', 'Took'].map((h, i) => el('th', { scope: 'col', class: i === 3 ? 'number' : '' }, h)))), rows);
  const empty = el('p', { class: 'muted' }, 'No answers yet.');
  list.append(table, empty);
  const hint = el('p', { class: 'muted', hidden: true }, 'Click a request to see what was asked for it, what failed, and what was done about it.');
  place.append(hint); // until a story takes its place

  async function load() {
    try {
      const { stories } = await get(`stories?limit=${newest}${unwell.checked ? '&complete=false' : ''}`);
      table.hidden = stories.length === 0;
      empty.hidden = stories.length > 0;
      hint.hidden = stories.length === 0;
      text(empty, unwell.checked ? 'All answers that are kept were complete.' : 'No answers yet.');
      keyed(rows, stories, (s) => s.trace_id + s.at, makeRow);
    } catch (error) {
      showProblem(error.message);
    }
  }

  function makeRow(story) {
    return el('tr', { 'data-trace': story.trace_id },
      el('td', { class: 'number' }, clock(story.at)),
      el('td', {}, el('button', { class: 'quiet request', type: 'button', onclick: () => explain(story.trace_id) }, `${story.method} ${story.route ?? '(unknown path)'}`)),
      el('td', {}, el('span', { class: 'state', 'data-state': outcomeState(story) }, `${story.status} ${story.outcome === 'problem' ? title(story.problem ?? '') : story.outcome}`.trim())),
      el('td', { class: 'number' }, milliseconds(story.took_ms)));
  }

  async function explain(trace) {
    id.value = trace;
    for (const row of rows.children) attribute(row, 'data-chosen', row.dataset.trace === trace);
    try {
      showStory(place, await get(`stories/${encodeURIComponent(trace)}`), { jaeger: jaegerURL() });
    } catch (error) {
      showProblem(error.message);
    }
  }

  function showProblem(message) {
    const note = el('p', { class: 'note', 'data-tone': 'warning', role: 'alert' });
    place.replaceChildren(note);
    text(note, message);
  }

  // The list is read when it comes into sight, and when it is asked for.
  new IntersectionObserver(([entry]) => entry.isIntersecting && rows.children.length === 0 && load()).observe(list);
  return { load };
}

// traceID takes the id out of a traceparent.
function traceID(words) {
  const trimmed = words.trim().toLowerCase();
  return trimmed.match(/^[0-9a-f]{2}-([0-9a-f]{32})-/)?.[1] ?? trimmed;
}

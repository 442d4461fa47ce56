// Faults of simulated upstreams: set at a click, shown in a banner while one is on, lifted by hand
// or by time.

import { attribute, el, keyed, text } from './dom.js';
import { put, remove } from './server.js';
import { count, faultWords, percent, seconds } from './words.js';

/** meanings of the buttons, for those who hover over one. */
const meanings = {
  ok: 'lifts the fault', hang: 'takes the request and never answers', reset: 'closes the connection in the middle', truncate: 'ends the body too early',
  garbage: 'answers what is no valid body', drip: 'sends its body a byte at a time', down: 'refuses connections, as if the plug were pulled',
  slow: 'answers later, by the time above', errors: 'answers a share of the requests with an error',
};
const lengths = [[30, '30 s'], [120, '2 min'], [300, '5 min'], [900, '15 min']];

/** makeFaults fills the section and the banner. It returns show(model, state) and row(upstream). */
export function makeFaults(section, link, place, banner) {
  const length = el('select', { name: 'for_s' }, lengths.map(([s, words]) => el('option', { value: String(s), selected: s === 120 }, words)));
  const latency = el('input', { type: 'number', min: '1', max: '60000', step: '1', value: '800', name: 'latency_ms' });
  const share = el('input', { type: 'number', min: '1', max: '100', step: '1', value: '50', name: 'error_rate' });
  const problem = el('p', { class: 'note', 'data-tone': 'bad', role: 'alert', hidden: true });
  const list = el('div', { class: 'plug-rows' });
  place.append(
    el('div', { class: 'row fault-options' }, field('Ends by itself after', length), field('“slow” adds (ms)', latency), field('“errors” fail (%)', share)), list, problem);
  const words = el('ul'), since = el('p', { class: 'small number' }), restore = el('button', { type: 'button', class: 'danger', onclick: () => act(liftAll) }, 'Restore');
  const elsewhereNote = el('p', { class: 'small muted', hidden: true }, 'A fault that was set elsewhere, on the front page or at the simulator’s address, is lifted there.');
  banner.append(el('div', { class: 'row' }, el('div', {}, el('strong', {}, 'A fault is on: '), words, since, elsewhereNote), restore));
  let on = [], modes;
  const elsewhere = new Set(); // rows that other parts show

  async function act(change) {
    problem.hidden = true;
    try {
      await change();
    } catch (error) {
      problem.hidden = false;
      text(problem, error.message);
    }
  }
  const path = (upstream) => `faults/${encodeURIComponent(upstream)}`;
  const liftAll = () => Promise.all(on.filter((u) => u.fault.ours !== false).map((u) => remove(path(u.name))));
  const set = (upstream, name) => act(() => (name === 'ok' ? remove(path(upstream)) : put(path(upstream), { ...fault(name), for_s: Number(length.value) })));
  const fault = (name) => {
    if (name === 'slow') return { mode: 'ok', latency_ms: Number(latency.value) };
    return name === 'errors' ? { mode: 'ok', error_rate: Number(share.value) / 100 } : { mode: name };
  };

  function show(model, state) {
    modes = model.faults?.modes;
    section.hidden = link.hidden = !modes;
    on = (state.upstreams ?? []).filter((u) => u.fault);
    showBanner(state);
    if (!modes) return;
    keyed(list, model.upstreams.filter((u) => u.simulated), (u) => u.name, (u) => makeRow(u, modes, set), updateRow);
    for (const row of elsewhere) {
      if (row.isConnected) updateRow(row, row.upstream);
      else elsewhere.delete(row);
    }
  }

  function updateRow(row, { name }) {
    const now = on.find((u) => u.name === name)?.fault;
    for (const button of row.querySelectorAll('button')) {
      attribute(button, 'aria-pressed', String(button.dataset.mode === which(now)));
      attribute(button, 'disabled', now?.ours === false);
    }
    text(row.querySelector('.fault-words'), faultWords(now));
  }

  function showBanner({ at, since_fault: seen }) {
    banner.hidden = on.length === 0;
    if (on.length === 0) return;
    keyed(words, on, (u) => u.name, () => el('li'), (li, u) => text(li, `${u.name}: ${faultWords(u.fault)}${u === on.at(-1) ? '' : '; '}`));
    text(since, seen ? sinceWords(seen, Date.parse(at)) : '');
    restore.hidden = !on.some((u) => u.fault.ours !== false);
    elsewhereNote.hidden = on.every((u) => u.fault.ours !== false);
    text(restore, on.length > 1 ? 'Restore all' : 'Restore');
  }

  /** row makes the buttons of one upstream for another part; undefined if it is not simulated. */
  function row(upstream) {
    if (!modes || !upstream.simulated) return undefined;
    const made = makeRow(upstream, modes, set);
    made.upstream = upstream;
    elsewhere.add(made);
    return made;
  }
  return { show, row };
}

const field = (label, input) => el('label', {}, el('span', {}, label), input);

// which button a fault belongs to.
function which(fault) {
  if (!fault) return 'ok';
  if (fault.mode && fault.mode !== 'ok') return fault.mode;
  return fault.error_rate > 0 ? 'errors' : 'slow';
}

function makeRow(upstream, modes, set) {
  const names = ['ok', ...modes.filter((mode) => mode !== 'ok' && mode !== 'down'), 'slow', 'errors', ...modes.filter((mode) => mode === 'down')];
  return el('div', { class: 'plug', role: 'group', 'aria-label': `Fault of ${upstream.name}` },
    el('strong', { class: 'plug-name' }, upstream.name),
    el('div', { class: 'modes' }, names.map((name) => el('button', { type: 'button', 'data-mode': name, title: meanings[name], onclick: () => set(upstream.name, name) }, name))),
    el('span', { class: 'fault-words small muted number' }));
}

function sinceWords(seen, now) {
  const ago = seconds((now - Date.parse(seen.since)) / 1000);
  const share = seen.answers > 0 && seen.degraded > 0 ? ` (${percent(seen.degraded / seen.answers)})` : '';
  return `What clients saw since, ${ago}: ${count(seen.answers)} answers, ${count(seen.degraded)} degraded${share}, ${seen.failures ? count(seen.failures) : 'no'} failures.`;
}

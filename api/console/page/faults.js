// Faults of simulated upstreams: set at a click, shown in a banner while one is on, lifted by hand
// or by time.

import { attribute, el, keyed, text } from './dom.js';
import { put, remove } from './server.js';
import { count, faultWords, percent, seconds } from './words.js';

/** meanings of the modes, for those who hover over or focus a button. */
const meanings = {
  hang: 'takes the request and never answers', reset: 'closes the connection in the middle', truncate: 'ends the body too early',
  garbage: 'answers what is no valid body', drip: 'sends its body very slowly', down: 'refuses connections, as if the plug were pulled', ok: 'lifts the fault',
};
const lengths = [[30, '30 s'], [120, '2 min'], [300, '5 min'], [900, '15 min']];

/** makeFaults shows a row of modes for each simulated upstream, and the banner. */
export function makeFaults(section, link, place, banner) {
  const length = el('select', { name: 'for_s' }, lengths.map(([s, words]) => el('option', { value: String(s), selected: s === 120 }, words)));
  const latency = el('input', { type: 'number', min: '0', max: '60000', step: '50', placeholder: '0', name: 'latency_ms' });
  const errors = el('input', { type: 'number', min: '0', max: '100', step: '5', placeholder: '0', name: 'error_rate' });
  const problem = el('p', { class: 'note', 'data-tone': 'bad', role: 'alert', hidden: true });
  const rows = el('div', { class: 'plug-rows' });
  place.append(
    el('div', { class: 'row fault-options' }, el('label', {}, el('span', {}, 'Ends by itself after'), length),
      el('label', {}, el('span', {}, 'Slower by (ms)'), latency), el('label', {}, el('span', {}, 'Errors (%)'), errors)),
    rows, problem);
  const bannerWords = el('ul'), since = el('p', { class: 'small' }), all = el('button', { type: 'button', class: 'danger', onclick: () => restoreAll() }, 'Restore');
  banner.append(el('div', { class: 'row' }, el('div', {}, el('strong', {}, 'A fault is on: '), bannerWords, since), all));
  let on = [];

  async function act(change) {
    problem.hidden = true;
    try {
      await change();
    } catch (error) {
      problem.hidden = false;
      text(problem, error.message);
    }
  }
  const set = (upstream, mode) => act(() => {
    const extra = { ...(latency.value > 0 ? { latency_ms: Number(latency.value) } : {}), ...(errors.value > 0 ? { error_rate: Number(errors.value) / 100 } : {}) };
    const nothing = mode === 'ok' && Object.keys(extra).length === 0;
    return nothing ? remove(`faults/${encodeURIComponent(upstream)}`) : put(`faults/${encodeURIComponent(upstream)}`, { mode, ...extra, for_s: Number(length.value) });
  });
  const restoreAll = () => act(() => Promise.all(on.filter((u) => u.fault.ours !== false).map((u) => remove(`faults/${encodeURIComponent(u.name)}`))));

  return function show(model, state) {
    const modes = model.faults?.modes;
    section.hidden = link.hidden = !modes;
    on = (state.upstreams ?? []).filter((u) => u.fault);
    showBanner(state.since_fault);
    if (!modes) return;
    const now = new Map((state.upstreams ?? []).map((u) => [u.name, u]));
    keyed(rows, model.upstreams.filter((u) => u.simulated), (u) => u.name, (u) => makeRow(u, modes, set), (row, u) => {
      const fault = now.get(u.name)?.fault;
      for (const button of row.querySelectorAll('button')) {
        attribute(button, 'aria-pressed', String((fault?.mode ?? 'ok') === button.dataset.mode));
        button.disabled = fault?.ours === false;
      }
      text(row.querySelector('.fault-words'), faultWords(fault));
    });
  };

  function showBanner(seen) {
    banner.hidden = on.length === 0;
    if (on.length === 0) return;
    keyed(bannerWords, on, (u) => u.name, () => el('li'), (li, u) => text(li, `${u.name}: ${faultWords(u.fault)}${u === on.at(-1) ? '' : '; '}`));
    text(since, seen ? sinceWords(seen) : '');
    all.hidden = !on.some((u) => u.fault.ours !== false);
    text(all, on.length > 1 ? 'Restore all' : 'Restore');
  }
}

function makeRow(upstream, modes, set) {
  const wrong = modes.filter((mode) => mode !== 'ok');
  return el('div', { class: 'plug', role: 'group', 'aria-label': `Fault of ${upstream.name}` },
    el('div', { class: 'plug-name' }, el('strong', {}, upstream.name), el('span', { class: 'fault-words small muted number' })),
    el('div', { class: 'modes' }, ['ok', ...wrong].map((mode) => el('button', { type: 'button', 'data-mode': mode, title: meanings[mode], onclick: () => set(upstream.name, mode) }, mode))));
}

function sinceWords(seen) {
  const ago = seconds((Date.now() - Date.parse(seen.since)) / 1000);
  const share = seen.answers > 0 && seen.degraded > 0 ? ` (${percent(seen.degraded / seen.answers)})` : '';
  return `What clients saw since, ${ago}: ${count(seen.answers)} answers, ${count(seen.degraded)} with older or fewer data${share}, ${seen.failures ? count(seen.failures) : 'no'} failures.`;
}

// How one answer was made: what each source gave, and the steps of the request on a time line.

import { el, style } from './dom.js';
import { clock, milliseconds, outcomeState, plural, seconds, title } from './words.js';

/** kinds of steps: the sign on the time line, and the colour of a state. */
const kinds = {
  request: ['▸', 'accent'], hedge: ['▹', 'accent'], answered: ['●', 'live'], hedge_won: ['●', 'live'], failed: ['✕', 'failed'],
  retry: ['↻', 'stale'], retry_refused: ['⊘', 'stale'], hedge_refused: ['⊘', 'skipped'], breaker: ['⚡', 'failed'], not_asked: ['⊘', 'failed'],
  gave_up: ['✕', 'failed'], joined: ['⇄', 'cached'], refresh: ['↻', 'revalidating'], stale: ['▲', 'stale'], memory: ['■', 'cached'], shared: ['■', 'cached'],
};
const kind = (what) => kinds[what] ?? ['•', 'muted'];

/** showStory fills parent with a story; spread is that of the answer, if it is at hand. */
export function showStory(parent, story, { jaeger, spread } = {}) {
  const sources = flatten(story.sources ?? []);
  const end = Math.max(story.took_ms ?? 0, ...(story.steps ?? []).map((s) => s.at_ms), 1);
  parent.replaceChildren(...[
    heading(story, jaeger),
    sources.length ? lanes(sources, story.steps ?? [], end) : el('p', { class: 'muted' }, 'No source was asked.'),
    spread ? showSpread(spread) : undefined,
    steps(story),
  ].filter(Boolean));
}

function heading(story, jaeger) {
  return el('div', { class: 'story-head' },
    el('p', { class: 'row' },
      el('strong', { class: 'mono' }, `${story.method ?? ''} ${story.route ?? ''}`),
      el('span', { class: 'state', 'data-state': outcomeState(story) }, [story.status, story.outcome === 'problem' ? title(story.problem ?? 'problem') : story.outcome].filter(Boolean).join(' ')),
      el('span', { class: 'number' }, milliseconds(story.took_ms)),
      el('span', { class: 'muted small' }, clock(story.at))),
    el('p', { class: 'row small muted' }, 'trace ', el('code', { class: 'trace' }, story.trace_id ?? ''),
      jaeger && story.trace_id ? el('a', { href: `${jaeger.replace(/\/$/, '')}/trace/${story.trace_id}`, target: '_blank', rel: 'noreferrer' }, 'Open the trace') : undefined));
}

// flatten lists the sources, those of a part below it.
function flatten(sources, depth = 0) {
  return sources.flatMap((s) => [{ ...s, depth }, ...flatten(s.sources ?? [], depth + 1)]);
}

// lanes is a row for each source: what it gave, and its steps by time.
function lanes(sources, all, end) {
  const known = new Set(sources.map((s) => s.name));
  const rest = [...new Set(all.map((s) => s.source).filter((name) => name && !known.has(name)))].map((name) => ({ name, depth: 0 }));
  const rows = [...sources, ...rest].map((source) => {
    const own = all.filter((s) => s.source === source.name);
    return el('li', { class: 'lane' },
      el('div', { class: `lane-name depth-${Math.min(source.depth, 3)}` }, el('strong', {}, source.name),
        source.state ? el('span', { class: 'state', 'data-state': source.state }, source.state) : undefined),
      el('div', { class: 'lane-words small' }, says(source)),
      track(own, end));
  });
  return el('div', { class: 'lanes' }, el('ol', {}, rows), axis(end));
}

function says(source) {
  const parts = [];
  if (source.age_s !== undefined) parts.push(`${seconds(source.age_s)} old`);
  if (source.attempts > 1) parts.push(plural(source.attempts, 'attempt'));
  if (source.took_ms >= 0.05) parts.push(milliseconds(source.took_ms));
  if (source.collapsed) parts.push('shared the call of another request');
  if (source.unused) parts.push('not used for the answer');
  const words = parts.join(', ');
  if (!source.error) return words;
  const why = [title(source.error.code), source.error.detail].filter(Boolean).join(': ');
  return words ? `${words}. ${why}` : why;
}

function track(own, end) {
  const bar = el('div', { class: own.length ? 'track' : 'track none', 'aria-hidden': 'true' });
  if (own.length === 0) return bar;
  const at = (ms) => `${Math.min(100, (ms / end) * 100).toFixed(2)}%`;
  const first = own[0].at_ms, last = own.at(-1).at_ms;
  const span = bar.appendChild(el('span', { class: 'span' }));
  style(span, 'left', at(first));
  style(span, 'width', at(last - first));
  for (const step of apart(own, end)) {
    const [sign, as] = kind(step.what);
    const mark = bar.appendChild(el('span', { class: 'step-mark', 'data-colour': as, title: `${milliseconds(step.at_ms)}: ${step.text}` }, sign));
    style(mark, 'left', at(step.at_ms));
  }
  return bar;
}

// apart leaves out steps whose signs would cover each other: of those the worst stays.
const weights = { failed: 3, stale: 2, live: 1 };
const weight = (step) => weights[kind(step.what)[1]] ?? 0;
function apart(own, end) {
  const shown = [];
  for (const step of own) {
    const last = shown.at(-1);
    if (last && step.at_ms - last.at_ms < end * 0.02) {
      if (weight(step) > weight(last)) shown[shown.length - 1] = step;
    } else shown.push(step);
  }
  return shown;
}

function axis(end) {
  const line = el('div', { class: 'axis small muted number', 'aria-hidden': 'true' });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const tick = line.appendChild(el('span', { 'data-edge': share === 0 ? 'start' : share === 1 ? 'end' : false }, share === 0 ? '0' : milliseconds(end * share)));
    style(tick, 'left', `${share * 100}%`);
  }
  return line;
}

function steps(story) {
  const list = (story.steps ?? []).map((step) => {
    const [sign, as] = kind(step.what);
    return el('li', {}, el('span', { class: 'number muted at' }, milliseconds(step.at_ms)), el('span', { class: 'step-sign', 'data-colour': as, 'aria-hidden': 'true' }, sign),
      el('span', {}, step.source ? [el('strong', {}, step.source), ': '] : undefined, step.text));
  });
  if (list.length === 0) return undefined;
  if (story.lost > 0) list.push(el('li', { class: 'muted' }, `${plural(story.lost, 'more step')} did not fit.`));
  return el('div', { class: 'steps' }, el('h3', {}, 'Step by step'), el('ol', {}, list));
}

// showSpread says how far the sources lie apart, for each value that has more than one.
function showSpread(spread) {
  const rows = Object.entries(spread).filter(([, s]) => typeof s?.min === 'number' && typeof s?.max === 'number');
  if (rows.length === 0) return undefined;
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Spread of the sources' },
    el('table', { class: 'spread small' }, el('caption', {}, 'How far the sources lie apart'),
      el('thead', {}, el('tr', {}, ['value', 'least', 'greatest', 'sources'].map((h, i) => el('th', { scope: 'col', class: i ? 'number' : '' }, h)))),
      el('tbody', {}, rows.map(([name, s]) => el('tr', {}, el('td', {}, title(name)), [s.min, s.max, s.sources].map((v) => el('td', { class: 'number' }, String(v ?? ''))))))));
}

// What happened: answers by outcome, calls and failures of each upstream, and events, on one time axis.

import { makeChart } from './charts.js';
import { el, keyed, text } from './dom.js';
import { perSecond, readHistory, total } from './history.js';
import { clock, count, percent, plural, rate } from './words.js';

const few = 8; // upstreams with a chart; of more, those that changed most
const kept = 100; // events

/** tones of events: what got worse, what got better, what is neither. */
const tones = {
  breaker_opened: 'failed', breaker_half_open: 'stale', breaker_closed: 'live', quota_exhausted: 'stale', refused: 'stale',
  endpoints_loaded: 'muted', endpoints_refused: 'failed', fault_set: 'failed', fault_lifted: 'live', redis_away: 'failed', redis_back: 'live', draining: 'stale',
};
const signs = { failed: '✕', stale: '▲', live: '✓', muted: '·' };

/** makeTimeline draws the charts and the list; happened(event) adds one. */
export function makeTimeline(charts, list) {
  let events = [];
  const marks = () => events;
  let latest;
  const answers = row(charts, 'Answers by outcome');
  const outcome = makeChart(answers.plot, [
    { label: 'problems', colour: 'failed', fill: 0.75, width: 0, dots: true },
    { label: 'degraded', colour: 'stale', fill: 0.55, width: 0 },
    { label: 'complete', colour: 'live', fill: 0.3 },
  ], { label: 'Answers per second by outcome', height: 110, axis: true, format: rate, marks, stacked: true, cursor: (i) => answers.point(i, latest, [['complete', latest?.endpoints?.complete], ['degraded', latest?.endpoints?.degraded], ['problems', latest?.endpoints?.problems]]) });
  const upstreams = charts.appendChild(el('div', { class: 'multiples' }));

  let stop;
  new IntersectionObserver(([entry]) => {
    stop?.();
    stop = entry.isIntersecting ? readHistory(show) : undefined;
  }).observe(charts);

  function show(history) {
    latest = history;
    events = merge(history.events ?? [], events);
    showOutcome(history);
    showUpstreams(history);
    showEvents();
  }

  function showOutcome(history) {
    const of = (name) => perSecond(history.endpoints?.[name], history);
    const [problems, degraded, complete] = [of('problems'), of('degraded'), of('complete')];
    const plus = (a, b) => a.map((v, i) => (v === null || b[i] == null ? null : v + b[i]));
    const stacked = plus(problems, degraded);
    const sums = ['complete', 'degraded', 'problems'].map((name) => `${count(total(history.endpoints?.[name]) ?? 0)} ${name}`);
    outcome.show(history.times, [problems, stacked, plus(stacked, complete)], sums.join(', '));
    answers.say(sums.join(', '));
  }

  function showUpstreams(history) {
    const rows = Object.entries(history.upstreams ?? {}).map(([name, h]) => ({ name, calls: total(h.calls) ?? 0, failures: total(h.failures) ?? 0, h }));
    const busy = rows.filter((r) => r.calls > 0 || r.failures > 0);
    const shown = new Set(busy.toSorted((a, b) => b.failures - a.failures || b.calls - a.calls).slice(0, few));
    keyed(upstreams, busy.filter((r) => shown.has(r)), (r) => r.name, makeMultiple, (element, r) => {
      const failed = r.failures > 0 ? `${percent(r.failures / r.calls)} of ${plural(r.calls, 'call')} failed` : `${plural(r.calls, 'call')}, none failed`;
      element.say(failed);
      element.chart.show(history.times, [perSecond(r.h.calls, history), perSecond(r.h.failures, history)], failed);
    });
  }

  function makeMultiple({ name }) {
    const made = row(undefined, name);
    made.element.say = made.say;
    made.element.chart = makeChart(made.plot, [
      { label: 'calls', colour: 'cached', fill: 0.2, width: 1 },
      { label: 'failures', colour: 'failed', fill: 0.7, bars: true },
    ], { label: `${name}: calls and failures per second`, height: 44, format: rate, marks: () => events.filter((e) => !e.upstream || e.upstream === name), least: 0.2,
      cursor: (i) => made.point(i, latest, [['calls', latest?.upstreams?.[name]?.calls], ['failures', latest?.upstreams?.[name]?.failures]]) });
    return made.element;
  }

  function showEvents() {
    const newest = events.toReversed();
    const rows = newest.length ? newest : [{ none: true }];
    keyed(list, rows, (e) => (e.none ? 'none' : `${e.at} ${e.text}`), makeEvent);
  }

  return function happened(event) {
    events = merge(events, [event]);
    showEvents();
  };
}

// row is a name, words and a place for a chart. The words are a summary, or the values of the time
// below the pointer.
function row(parent, name) {
  const words = el('span', { class: 'muted number' });
  let summary = '', at = null;
  const say = (all) => {
    summary = all;
    if (at === null) text(words, summary);
  };
  const point = (i, history, columns) => {
    at = history?.times[i] === undefined ? null : i;
    if (at === null) return text(words, summary);
    const values = columns.filter(([, column]) => typeof column?.[i] === 'number').map(([label, column]) => `${rate(column[i] / (history.step_s || 5))} ${label}`);
    text(words, `${clock(history.times[i] * 1000)}  ${values.join(', ') || 'not known'}`);
  };
  const plot = el('div', { class: 'plot' });
  const element = el('div', { class: 'multiple' }, el('p', { class: 'small' }, el('strong', {}, name), ' ', words), plot);
  parent?.append(element);
  return { element, plot, say, point };
}

function makeEvent(event) {
  if (event.none) return el('li', { class: 'muted' }, 'Nothing happened yet that changes how upstreams are used.');
  return el('li', { 'data-tone': event.tone }, el('time', { datetime: event.at, class: 'number muted' }, clock(event.at)), ' ',
    el('span', { class: 'event-sign', 'aria-hidden': 'true' }, signs[event.tone]), ' ', el('span', {}, event.text ?? ''));
}

// merge joins two lists of events by time, each event once, without those older than the charts.
function merge(a, b) {
  const since = Date.now() - 15 * 60_000;
  const all = new Map([...a, ...b].map((e) => [`${e.at} ${e.kind} ${e.text}`, { ...e, tone: tones[e.kind] ?? 'muted' }]));
  return [...all.values()].filter((e) => Date.parse(e.at) >= since).sort((x, y) => Date.parse(x.at) - Date.parse(y.at)).slice(-kept);
}

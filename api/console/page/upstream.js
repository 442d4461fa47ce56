// One upstream, opened: how it is, its last 15 minutes, its limits and its last errors.

import { makeChart } from './charts.js';
import { attribute, el, keyed, text } from './dom.js';
import { perSecond, readHistory } from './history.js';
import { clock, condition, count, countdown, faultWords, milliseconds, percent, rate, title } from './words.js';

/**
 * makePanel fills the drawer. on.changed(name) is told which upstream is open, undefined for none;
 * on.faults(upstream) gives the buttons that make it fail, if there are any.
 */
export function makePanel(drawer, on) {
  let name, opener, stop, charts = [], parts;

  function end() {
    stop();
    charts.forEach((chart) => chart.remove());
    charts = [];
    name = undefined;
  }

  function close() {
    if (!name) return;
    end();
    drawer.hidden = true;
    document.body.classList.remove('with-drawer');
    on.changed(undefined);
    if (opener?.isConnected) opener.focus();
  }

  function open(upstream, model, state) {
    if (upstream === name) return close();
    if (name) end();
    opener = document.activeElement;
    name = upstream;
    build(model.upstreams.find((u) => u.name === name) ?? {});
    drawer.hidden = false;
    document.body.classList.add('with-drawer');
    on.changed(name);
    show(state);
    stop = readHistory(showHistory);
    drawer.focus({ preventScroll: true });
  }

  function build(known) {
    parts = { badge: el('span', { class: 'state' }), why: el('p', {}), facts: el('dl', { class: 'facts number' }), errors: el('ul', { class: 'errors' }) };
    const latency = el('div'), calls = el('div');
    const faults = on.faults(known);
    drawer.replaceChildren(...[
      el('div', { class: 'title' }, el('h2', { id: 'upstream-title' }, name), el('button', { type: 'button', class: 'quiet', onclick: close }, 'Close')),
      el('p', { class: 'row small' }, parts.badge, el('span', { class: 'muted' }, [known.host, known.simulated ? 'simulated' : ''].filter(Boolean).join(', '))),
      parts.why,
      el('div', { class: 'live' }, parts.facts),
      faults ? [el('h3', {}, 'Make it fail'), faults] : undefined,
      el('h3', {}, 'How long calls take'), key([['p50', 'live'], ['p95', 'stale'], ['p99', 'failed']]), latency,
      el('h3', {}, 'Calls per second'), key([['calls', 'cached'], ['failures', 'failed']]), calls,
      el('h3', {}, 'Last errors'), parts.errors,
    ].flat().filter(Boolean));
    charts = [
      makeChart(latency, [
        { label: 'p99', colour: 'failed', width: 1.25, dash: [2, 3] },
        { label: 'p95', colour: 'stale', width: 1.25, dash: [6, 3] },
        { label: 'p50', colour: 'live', width: 2 },
      ], { label: `${name}: p50, p95 and p99 of the time of a call`, height: 130, axis: true, format: milliseconds }),
      makeChart(calls, [{ label: 'calls', colour: 'cached', fill: 0.2 }, { label: 'failures', colour: 'failed', fill: 0.7, bars: true }],
        { label: `${name}: calls and failures per second`, height: 100, axis: true, format: rate, least: 0.2 }),
    ];
  }

  function showHistory(history) {
    const h = history.upstreams?.[name];
    if (!h) return;
    charts[0].show(history.times, [h.p99_ms ?? [], h.p95_ms ?? [], h.p50_ms ?? []]);
    charts[1].show(history.times, [perSecond(h.calls, history), perSecond(h.failures, history)]);
  }

  function show(state) {
    const now = name && state?.upstreams?.find((u) => u.name === name);
    if (!now) return;
    const is = condition(now.state);
    attribute(parts.badge, 'data-state', is.as);
    text(parts.badge, is.word);
    text(parts.why, now.why ?? '');
    parts.why.hidden = !now.why;
    keyed(parts.facts, facts(now), ([label]) => label, ([label]) => el('div', {}, el('dt', {}, label), el('dd')), (row, [, value]) => text(row.lastChild, value));
    showErrors(now.last_errors ?? []);
  }

  function showErrors(errors) {
    const rows = errors.length ? errors : [{ none: true }];
    keyed(parts.errors, rows, (e) => (e.none ? 'none' : `${e.code} ${e.detail}`), () => el('li'), (li, e) => {
      text(li, e.none ? 'none' : `${clock(e.at)}  ${title(e.code)}${e.detail ? `: ${e.detail}` : ''}${e.count > 1 ? ` (${count(e.count)} times)` : ''}`);
    });
  }

  drawer.addEventListener('keydown', (event) => event.key === 'Escape' && close());
  return { open, show, get name() { return name; } };
}

// facts are the figures of an upstream that are known.
function facts(now) {
  const { breaker = {}, quota } = now;
  const retry = breaker.retry_in_s > 0 ? `, next try in ${countdown(breaker.retry_in_s)}` : '';
  return [
    ['Calls', rate(now.calls_per_s)],
    ['Success', percent(now.success)],
    ['p50, p95, p99', [now.p50_ms, now.p95_ms, now.p99_ms].map(milliseconds).filter(Boolean).join(', ')],
    ['In flight', now.in_flight === undefined ? '' : count(now.in_flight) + (now.limit ? ` of at most ${count(now.limit)}` : '')],
    ['Circuit breaker', breaker.state ? title(breaker.state) + retry : ''],
    ['Quota', quota?.left === undefined ? '' : `${count(quota.left)}${quota.limit ? ` of ${count(quota.limit)}` : ''} left${quota.renews_in_s > 0 ? `, renews in ${countdown(quota.renews_in_s)}` : ''}`],
    ['Retries', count(now.retries)],
    ['Hedges', now.hedges === undefined ? '' : `${count(now.hedges)}${now.hedges_won === undefined ? '' : `, ${count(now.hedges_won)} won`}`],
    ['Simulated fault', faultWords(now.fault)],
  ].filter(([, value]) => value !== '');
}

const key = (entries) => el('p', { class: 'key small' }, entries.map(([label, colour]) => el('span', { 'data-key': label, 'data-colour': colour }, label)));

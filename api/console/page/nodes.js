// The words of a node in the drawing: an upstream, a source, an endpoint, or a folded rest.

import { attribute, el, keyed, style, text } from './dom.js';
import { condition, countdown, faultWords, percent, rate, states as stateOrder } from './words.js';

/** makeNode creates the element of a node. Upstreams, endpoints and rests can be pressed. */
export function makeNode(node, pressed) {
  const name = el('span', { class: 'name', title: node.name }, node.name);
  const parts = [
    el('span', { class: 'first' }, el('span', { class: 'sign', 'aria-hidden': 'true' }), name, el('span', { class: 'rate number' })),
    el('span', { class: 'more' }, el('span', { class: 'state', hidden: '' }), el('span', { class: 'when number' }), el('span', { class: 'why' })),
    el('span', { class: 'split', 'aria-hidden': 'true' }),
  ];
  if (node.kind === 'source') return el('div', { class: 'node source', role: 'listitem' }, el('div', { class: 'plain' }, ...parts));
  const button = el('button', { class: 'press', type: 'button', onclick: () => pressed(wrapper.node) }, ...parts);
  const wrapper = el('div', { class: `node ${node.kind}`, role: 'listitem' }, button);
  return wrapper;
}

/** updateNode writes what a node is now. */
export function updateNode(element, node, opened) {
  element.node = node;
  const $ = (part) => element.querySelector(`.${part}`);
  const say = words[node.kind](node);
  attribute(element, 'data-as', say.as ?? false);
  attribute(element, 'data-unwell', Boolean(node.unwell));
  attribute(element, 'data-quiet', !node.busy && !node.unwell);
  text($('name'), node.name);
  text($('rate'), say.rate ?? '');
  text($('when'), say.when ?? '');
  text($('why'), say.why ?? '');
  const badge = $('state');
  attribute(badge, 'hidden', !say.badge);
  attribute(badge, 'data-state', say.as);
  text(badge, say.badge ?? '');
  if (node.kind === 'upstream') attribute($('press'), 'aria-expanded', String(opened === node.name));
  if (node.kind === 'endpoint') attribute($('press'), 'title', `${node.summary ?? node.name}. Press to ask it.`);
  showSplit($('split'), node.states);
}

const words = {
  upstream(node) {
    const { now } = node;
    const is = condition(now.state);
    const when = [];
    if (now.breaker?.retry_in_s > 0) when.push(`next try in ${countdown(now.breaker.retry_in_s)}`);
    else if (now.breaker?.state === 'half_open') when.push('trying one call');
    if (now.state === 'held_back' && now.quota?.renews_in_s > 0) when.push(`quota renews in ${countdown(now.quota.renews_in_s)}`);
    if (now.fault) when.push(`fault: ${faultWords(now.fault)}`);
    const broken = ['open', 'half_open'].includes(now.breaker?.state);
    const word = now.breaker?.state === 'half_open' ? 'circuit half-open' : is.word;
    const quiet = now.state === 'off' || now.state === 'idle';
    const why = node.unwell && !broken ? now.why : ''; // of a breaker, word and when say the same in short
    return { as: is.as, rate: quiet ? is.word : rate(now.calls_per_s), badge: is.unwell ? word : '', when: when.join(' · '), why };
  },
  source(node) {
    const shares = [];
    if (node.older > 0.01) shares.push(`${percent(node.older)} stale`);
    if (node.failed > 0.01) shares.push(`${percent(node.failed)} failed`);
    return { as: node.older > 0.01 ? 'stale' : node.failed > 0.01 ? 'failed' : node.total > 0 ? 'live' : 'skipped', rate: node.total > 0 ? rate(node.total) : '', why: shares.join(', ') };
  },
  endpoint(node) {
    const shares = [];
    if (node.problems > 0) shares.push(`${percent(node.problems)} problems`);
    if (node.degraded > 0) shares.push(`${percent(node.degraded)} degraded`);
    const as = node.is === 'problems' ? 'failed' : node.is === 'degraded' ? 'stale' : node.busy ? 'live' : 'skipped';
    const { per_s: answers, streams } = node.now;
    const busy = streams > 0 ? `${streams} open` : answers > 0 ? rate(answers) : '';
    return { as, rate: busy || (node.clientErrors ? 'client errors' : ''), why: node.unwell ? shares.join(', ') : '' };
  },
  rest: (node) => ({ as: 'skipped', rate: node.word }),
};

// showSplit draws the shares of the states as a bar; it is seen where no bands are drawn.
function showSplit(bar, states) {
  const shares = stateOrder.filter((name) => states?.[name] > 0);
  const total = shares.reduce((sum, name) => sum + states[name], 0);
  attribute(bar, 'hidden', shares.length === 0);
  keyed(bar, shares, (name) => name, (name) => el('span', { 'data-state': name }), (part, name) => style(part, 'flexGrow', ((states[name] / total) * 100).toFixed(1)));
}

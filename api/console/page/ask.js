// Ask: one request through the gateway, its answer, and how it was made.

import { el, text } from './dom.js';
import { makeFields, readRequest } from './form.js';
import { get, post } from './server.js';
import { showOwn } from './own.js';
import { showStory } from './story.js';
import { milliseconds } from './words.js';

/** makeAsk fills the form; the returned choose(route) selects the operation of an endpoint. */
export function makeAsk(form, answer, jaegerURL) {
  const choice = el('select', { name: 'operation', onchange: () => choose() });
  const fields = el('div', { class: 'fields' });
  const headers = el('div', { class: 'fields' });
  const key = el('input', { type: 'password', name: 'api-key', autocomplete: 'off', 'data-in': 'header', 'data-name': 'X-API-Key' });
  const token = el('input', { type: 'password', name: 'token', autocomplete: 'off' });
  const button = el('button', { class: 'primary' }, 'Ask');
  const anew = el('input', { type: 'checkbox', name: 'anew' });
  const more = el('details', { class: 'small' }, el('summary', {}, 'Credentials and headers'),
    el('p', { class: 'muted' }, 'Kept in the memory of this page only, until it is closed.'),
    el('div', { class: 'fields' }, el('label', {}, el('span', {}, 'API key'), key), el('label', {}, el('span', {}, 'Bearer token'), token)), headers);
  form.append(el('label', { class: 'operation' }, el('span', {}, 'Endpoint'), choice), fields, button, el('label', { class: 'check' }, anew, el('span', {}, 'with no-cache')), more);
  form.addEventListener('submit', send);

  let operations = [];
  let asked = 0;

  async function load() {
    try {
      operations = await get('operations');
    } catch (error) {
      showProblem(`The list of endpoints did not come: ${error.message}`);
      return;
    }
    const before = choice.value;
    choice.replaceChildren(...operations.map((o, i) => el('option', { value: String(i) }, `${o.method} ${o.path}${o.summary ? `  –  ${o.summary}` : ''}`)));
    if (before && operations[before]) choice.value = before;
    choose();
  }

  function choose() {
    const operation = operations[choice.value];
    if (!operation) return;
    const parameters = operation.parameters ?? [];
    const first = parameters.find((p) => p.in === 'query' && p.example !== undefined);
    const made = makeFields({ ...operation, parameters: parameters.map((p) => (p === first && p.name !== 'place' ? { ...p, first: true } : p)) });
    fields.replaceChildren(...made.main);
    headers.replaceChildren(...made.headers);
  }

  async function send(event) {
    event.preventDefault();
    const operation = operations[choice.value];
    if (!operation) return;
    const request = readRequest(form, operation);
    if (token.value) request.headers.Authorization = `Bearer ${token.value}`;
    if (anew.checked) request.headers['Cache-Control'] = 'no-cache';
    const number = ++asked;
    button.disabled = true;
    text(button, 'Asking…');
    try {
      const got = await post('ask', request);
      if (number === asked) showAnswer(request, got);
    } catch (error) {
      if (number === asked) showProblem(error.message);
    } finally {
      button.disabled = false;
      text(button, 'Ask');
      if (document.activeElement === document.body) button.focus();
    }
  }

  function showAnswer(request, got) {
    const body = parse(got.body);
    const words = body === undefined ? (got.body ?? '') : JSON.stringify(body, null, 2);
    const story = el('div', { class: 'story' });
    answer.replaceChildren(
      story,
      el('div', { class: 'answer-body' },
        showOwn(body?.data, got.own),
        el('p', { class: 'row small', role: 'status' }, el('strong', { class: 'mono' }, `${request.method} ${request.path}`), `${got.status}, ${milliseconds(got.took_ms)}`),
        el('pre', { tabindex: '0', role: 'group', 'aria-label': 'Body of the answer' }, words || 'no body'),
        el('details', { class: 'small' }, el('summary', {}, 'Headers of the answer'), el('pre', { tabindex: '0', role: 'group', 'aria-label': 'Headers of the answer' }, headerLines(got.headers)))));
    if (got.story) showStory(story, got.story, { jaeger: jaegerURL(), spread: body?.data?.spread ?? body?.spread });
    else story.append(el('p', { class: 'muted' }, 'No story was kept of this answer.'));
  }

  function showProblem(message) {
    answer.replaceChildren(el('p', { class: 'note', 'data-tone': 'bad', role: 'alert' }, message));
  }

  return {
    load,
    choose(route) {
      const found = operations.findIndex((o) => o.path === route && o.method === 'GET');
      const any = found >= 0 ? found : operations.findIndex((o) => o.path === route);
      if (any < 0) return;
      choice.value = String(any);
      choose();
      form.scrollIntoView({ block: 'center' });
      choice.focus({ preventScroll: true });
    },
  };
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const headerLines = (headers) => Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${[value].flat().join(', ')}`).join('\n');

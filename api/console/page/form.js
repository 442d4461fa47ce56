// The form of one operation: its parameters as fields, and the request that they make.

import { el } from './dom.js';

const passed = new Set(['authorization', 'x-api-key', 'accept', 'accept-language', 'cache-control', 'if-none-match', 'if-match', 'idempotency-key', 'content-type']);

/** makeFields returns an element for each parameter of an operation, and for its body. */
export function makeFields(operation) {
  const wanted = (operation.parameters ?? []).filter((p) => p.in !== 'cookie' && (p.in !== 'header' || passed.has(p.name.toLowerCase())));
  const main = wanted.filter((p) => p.in !== 'header').map(field);
  const headers = wanted.filter((p) => p.in === 'header' && !['authorization', 'x-api-key'].includes(p.name.toLowerCase())).map(field);
  if (operation.body) main.push(bodyField(operation.body));
  return { main, headers };
}

function field(parameter) {
  const { name, schema = {}, required, example, description } = parameter;
  const attributes = { 'data-in': parameter.in, 'data-name': name, name: `${parameter.in} ${name}`, required: Boolean(required), title: plain(description) };
  const values = schema.type === 'boolean' ? ['true', 'false'] : schema.enum;
  let input;
  if (values) {
    input = el('select', attributes, required ? [] : el('option', { value: '' }, schema.default === undefined ? '' : `${schema.default} (default)`), values.map((v) => el('option', { value: String(v) }, String(v))));
  } else {
    const number = schema.type === 'integer' || schema.type === 'number';
    const hint = example ?? schema.default;
    input = el('input', {
      ...attributes, type: number ? 'number' : 'text', inputmode: number ? 'decimal' : undefined, step: schema.type === 'number' ? 'any' : undefined,
      min: schema.minimum, max: schema.maximum, maxlength: schema.maxLength, autocomplete: 'off', spellcheck: 'false', placeholder: hint === undefined ? undefined : `for example ${one(hint)}`,
    });
    if (parameter.first || required) input.value = hint === undefined ? '' : one(hint);
  }
  return el('label', {}, el('span', {}, name, required ? el('span', { class: 'muted' }, ' (needed)') : undefined), input);
}

const one = (value) => String(Array.isArray(value) ? value[0] : value);
const plain = (words) => words?.replaceAll(/\s+/g, ' ').trim();

function bodyField(body) {
  const input = el('textarea', { name: 'body', rows: '6', spellcheck: 'false', 'data-in': 'body' });
  if (body.example !== undefined) input.value = typeof body.example === 'string' ? body.example : JSON.stringify(body.example, null, 2);
  return el('label', { class: 'wide' }, el('span', {}, 'Body'), input);
}

/** readRequest makes the request of an operation from the fields of a form. */
export function readRequest(form, operation) {
  let path = operation.path;
  const query = [];
  const headers = {};
  let body;
  for (const input of form.querySelectorAll('[data-in]')) {
    const { in: place, name } = input.dataset;
    const value = input.value;
    if (place === 'body') body = value || undefined;
    else if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value === '') continue;
    else if (place === 'query') query.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    else if (place === 'header') headers[name] = value;
  }
  if (body !== undefined) headers['Content-Type'] ??= operation.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return { method: operation.method, path: query.length ? `${path}?${query.join('&')}` : path, headers, ...(body === undefined ? {} : { body }) };
}

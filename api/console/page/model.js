// What exists: upstreams, sources and endpoints. The live state names them; names that only the
// state has are added, so that everything that flows can be drawn.

import { get } from './server.js';

const empty = { build: {}, upstreams: [], sources: [], endpoints: [] };

export let model = empty;

/** loadModel asks for the model. */
export async function loadModel() {
  const got = await get('model');
  model = { ...empty, ...got };
  for (const list of ['upstreams', 'sources', 'endpoints']) model[list] = [...(got[list] ?? [])];
  return model;
}

/** learn adds to the model what a state names and the model does not; it reports whether it did. */
export function learn(state) {
  const before = model.upstreams.length + model.sources.length + model.endpoints.length;
  const upstreams = new Set(model.upstreams.map((u) => u.name));
  const sources = new Set(model.sources.map((s) => s.name));
  const endpoints = new Map(model.endpoints.map((e) => [e.route, e]));
  const addEndpoint = (route) => {
    if (endpoints.has(route)) return;
    const added = { route, sources: [] };
    endpoints.set(route, added);
    model.endpoints.push(added);
  };
  for (const { name } of state.upstreams ?? []) {
    if (!upstreams.has(name)) model.upstreams.push({ name, enabled: true });
    upstreams.add(name);
  }
  for (const { source, upstream } of state.asks ?? []) {
    if (!sources.has(source)) model.sources.push({ name: source, upstream });
    sources.add(source);
  }
  for (const { route } of state.endpoints ?? []) addEndpoint(route);
  for (const { source, route } of state.flows ?? []) {
    addEndpoint(route);
    if (!sources.has(source)) model.sources.push({ name: source });
    sources.add(source);
    const endpoint = endpoints.get(route);
    endpoint.sources ??= [];
    if (!endpoint.sources.includes(source)) endpoint.sources.push(source);
  }
  return model.upstreams.length + model.sources.length + model.endpoints.length > before;
}

// Which upstreams, sources and endpoints are drawn, and in which order: first what is not well or
// changed since the page was opened, the newest change first; then the rest as the model has it.
// Long columns are folded: what is well beyond a limit becomes one row.

import { condition } from './words.js';

const limits = { upstreams: 14, sources: 18, endpoints: 14 };
const steady = 3; // states in a row, until another condition of an endpoint counts as a change
const sum = (states) => Object.values(states ?? {}).reduce((total, rate) => total + rate, 0);

/** makeOrder returns a function that turns the model and a state into the columns to draw. */
export function makeOrder() {
  let openedAt; // by the server's clock
  const seen = new Map(); // by id: { is, since, next, times }

  // changed is when the condition of a node changed since the page was opened, or 0.
  function changed(id, is) {
    const known = seen.get(id);
    if (!known) {
      seen.set(id, { is, since: 0 });
      return 0;
    }
    if (known.is === is) {
      known.times = 0;
    } else if ((known.times = known.next === is ? known.times + 1 : 1) >= steady) {
      Object.assign(known, { is, since: Date.now(), times: 0 });
    }
    known.next = is;
    return known.since;
  }

  return function columns(model, state, unfolded) {
    openedAt ??= Date.parse(state.at);
    const flows = groups(state);
    const upstreams = arrange(model.upstreams.map((u) => upstreamNode(u, flows, openedAt)), limits.upstreams, unfolded.has('upstreams'));
    const place = new Map(upstreams.flatMap((node, i) => (node.folded ?? [node]).map((n) => [n.name, i])));
    const sources = model.sources
      .map((s) => sourceNode(s, flows))
      .map((node) => ({ ...node, place: place.get(node.upstream) ?? place.size }))
      .sort((a, b) => a.place - b.place);
    const endpoints = model.endpoints.map((e) => endpointNode(e, flows)).map((node) => ({ ...node, changed: changed(node.id, node.is) }));
    return {
      upstreams,
      sources: fold(sources, limits.sources, unfolded.has('sources')),
      endpoints: arrange(endpoints, limits.endpoints, unfolded.has('endpoints')),
    };
  };
}

// groups finds the flows of a state by the names that they have.
function groups(state) {
  const by = { upstream: new Map(), asks: new Map(), answers: new Map(), into: new Map(), route: new Map() };
  const add = (map, key, states) => {
    const total = map.get(key) ?? {};
    for (const [name, rate] of Object.entries(states ?? {})) total[name] = (total[name] ?? 0) + rate;
    map.set(key, total);
  };
  for (const u of state.upstreams ?? []) by.upstream.set(u.name, u);
  for (const e of state.endpoints ?? []) by.route.set(e.route, e);
  for (const { upstream, source, states } of state.asks ?? []) {
    add(by.asks, upstream, states);
    add(by.into, source, states);
  }
  for (const { source, route, states } of state.flows ?? []) {
    add(by.answers, `s ${source}`, states);
    add(by.answers, `e ${route}`, states);
  }
  return by;
}

function upstreamNode(upstream, flows, openedAt) {
  const now = flows.upstream.get(upstream.name) ?? { state: upstream.enabled === false ? 'off' : 'idle' };
  const since = Date.parse(now.changed_at);
  return {
    id: `u ${upstream.name}`, kind: 'upstream', name: upstream.name, host: upstream.host, now,
    states: flows.asks.get(upstream.name) ?? {},
    unwell: Boolean(condition(now.state).unwell || now.fault),
    busy: now.calls_per_s > 0,
    changed: since > openedAt || condition(now.state).unwell ? since || 0 : 0,
  };
}

function sourceNode(source, flows) {
  const states = flows.answers.get(`s ${source.name}`) ?? {};
  const total = sum(states);
  const older = total > 0 ? (states.stale ?? 0) / total : 0;
  const failed = total > 0 ? (states.failed ?? 0) / total : 0;
  return {
    id: `s ${source.name}`, kind: 'source', name: source.name, upstream: source.upstream, states, total, older, failed,
    busy: total > 0 || sum(flows.into.get(source.name)) > 0, unwell: older > 0.01 || failed > 0.01,
  };
}

function endpointNode(endpoint, flows) {
  const now = flows.route.get(endpoint.route) ?? {};
  const share = (n) => (now.per_s > 0 && n > 0 ? n / now.per_s : 0);
  const degraded = share(now.degraded);
  const problems = share(now.problems);
  const is = problems > 0.005 ? 'problems' : degraded > 0.01 ? 'degraded' : 'complete';
  const states = flows.answers.get(`e ${endpoint.route}`) ?? {};
  return {
    id: `e ${endpoint.route}`, kind: 'endpoint', name: endpoint.route, summary: endpoint.summary, now, degraded, problems, is,
    states, busy: now.per_s > 0 || now.streams > 0, clientErrors: !(now.per_s > 0) && sum(states) > 0, unwell: is !== 'complete',
  };
}

// arrange sorts the nodes of a column, and folds it.
function arrange(nodes, limit, unfolded) {
  const rank = (node) => (node.unwell ? 0 : node.changed ? 1 : node.busy ? 2 : node.now?.state === 'off' ? 4 : 3);
  return fold(nodes.toSorted((a, b) => rank(a) - rank(b) || (b.changed ?? 0) - (a.changed ?? 0)), limit, unfolded);
}

// fold makes one row of the nodes beyond the limit; nodes that are not well stay.
function fold(nodes, limit, unfolded) {
  if (nodes.length <= limit + 2) return nodes;
  const kind = nodes[0].kind;
  const rest = { id: `${kind} rest`, kind: 'rest', of: `${kind}s`, folded: [], states: {} };
  if (unfolded) return [...nodes, { ...rest, name: `all ${nodes.length} ${kind}s`, word: 'fold' }];
  const keep = new Set([...nodes.filter((n) => n.unwell), ...nodes.filter((n) => !n.unwell && n.busy), ...nodes.filter((n) => !n.unwell && !n.busy)].slice(0, limit));
  for (const node of nodes) if (node.unwell) keep.add(node);
  const folded = nodes.filter((node) => !keep.has(node));
  if (folded.length === 0) return nodes;
  return [...nodes.filter((node) => keep.has(node)), { ...rest, name: `${folded.length} more ${kind}s`, word: 'show', folded, busy: folded.some((n) => n.busy) }];
}

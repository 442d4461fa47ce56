// The last 15 minutes, asked for while somebody looks at them, and at most every 5 seconds.

import { get } from './server.js';

const every = 15_000; // ms
const least = 5_000;

const readers = new Set();
let latest, asked = 0, pending;

/** readHistory calls read(history) now and whenever a newer one came, until the returned function is called. */
export function readHistory(read) {
  readers.add(read);
  if (latest) read(latest);
  refreshHistory();
  return () => readers.delete(read);
}

/** refreshHistory asks for the history if somebody reads it. */
export async function refreshHistory() {
  if (readers.size === 0 || document.hidden || pending || Date.now() - asked < least) return;
  asked = Date.now();
  pending = true;
  try {
    const got = await get('history');
    latest = { ...got, times: (got.at ?? []).map((at) => Date.parse(at) / 1000) };
    for (const read of readers) read(latest);
  } catch {
    // The stream says that the gateway is away; the charts stay as they were.
  } finally {
    pending = false;
  }
}

setInterval(refreshHistory, every);
document.addEventListener('visibilitychange', refreshHistory);

/** total adds the known values of a column; undefined if none is known. */
export function total(values) {
  const known = (values ?? []).filter((v) => typeof v === 'number');
  return known.length ? known.reduce((a, b) => a + b, 0) : undefined;
}

/** perSecond turns numbers of a step into rates. */
export const perSecond = (values, history) => (values ?? []).map((v) => (v === null ? null : v / (history.step_s || 5)));

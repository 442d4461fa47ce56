// Numbers, durations and states as words. An unknown value has no words: the functions return "".

/** states of an answer of a source, in the order in which they are drawn. */
export const states = ['live', 'cached', 'revalidating', 'stale', 'failed', 'skipped'];

/** conditions of an upstream: its word, the colour of a state, and whether it needs attention. */
export const conditions = {
  well: { word: 'well', as: 'live' },
  idle: { word: 'no calls', as: 'skipped' },
  off: { word: 'off', as: 'skipped' },
  slow: { word: 'slow', as: 'stale', unwell: true },
  failing: { word: 'failing', as: 'failed', unwell: true },
  open: { word: 'circuit open', as: 'failed', unwell: true },
  held_back: { word: 'held back', as: 'stale', unwell: true },
};

/** condition finds the entry of a state of an upstream; an unknown state is shown as it is. */
export const condition = (state) => conditions[state] ?? { word: String(state ?? 'unknown').replaceAll('_', ' '), as: 'skipped' };

const known = (value) => typeof value === 'number' && Number.isFinite(value);
const unit = (value, of) => `${value}\u00a0${of}`; // no line break between them
const plain = new Intl.NumberFormat('en');

export const count = (value) => (known(value) ? plain.format(Math.round(value)) : '');

/** rate is events per second: "12/s", "1.4/s", "3/min". */
export function rate(value) {
  if (!known(value)) return '';
  if (value === 0) return '0/s';
  if (value < 0.1) return `${(value * 60).toFixed(value * 60 < 1 ? 1 : 0)}/min`;
  return `${value < 10 ? value.toFixed(1) : plain.format(Math.round(value))}/s`;
}

/** percent never rounds to 100 % or 0 % what is neither. */
export function percent(share) {
  if (!known(share)) return '';
  if (share > 0.995 && share < 1) return unit(Math.min(99.9, Math.floor(share * 1000) / 10), '%');
  if (share > 0 && share < 0.01) return '<\u00a01\u00a0%';
  return unit(Math.round(share * 100), '%');
}

export function milliseconds(value) {
  if (!known(value)) return '';
  if (value >= 10_000) return unit((value / 1000).toFixed(0), 's');
  if (value >= 1000) return unit((value / 1000).toFixed(1), 's');
  return unit(value >= 10 || value < 0.05 ? Math.round(value) : value.toFixed(1), 'ms');
}

/** seconds is a duration or an age: "4 s", "21 min", "2 h 5 min". */
export function seconds(value) {
  if (!known(value)) return '';
  const whole = Math.max(0, Math.round(value));
  if (whole < 120) return unit(whole, 's');
  const minutes = Math.round(whole / 60);
  if (minutes < 120) return unit(minutes, 'min');
  if (minutes < 48 * 60) return [unit(Math.floor(minutes / 60), 'h'), minutes % 60 ? unit(minutes % 60, 'min') : ''].filter(Boolean).join(' ');
  return unit(Math.round(minutes / 1440), 'days');
}

/** countdown is the time that is left; it never says 0 s before the end. */
export const countdown = (value) => (known(value) ? seconds(Math.ceil(value)) : '');

/** outcomeState is the state whose colour and shape the outcome of an answer has. */
export function outcomeState({ outcome, status }) {
  if (outcome === 'problem') return status >= 500 ? 'failed' : 'skipped';
  return { complete: 'live', degraded: 'stale' }[outcome] ?? 'skipped';
}

/** faultWords says what a simulated fault does, and how long it lasts. */
export function faultWords(fault) {
  if (!fault) return '';
  const parts = [];
  if (fault.mode && fault.mode !== 'ok') parts.push(fault.mode);
  if (fault.latency_ms > 0) parts.push(`${milliseconds(fault.latency_ms)} slower`);
  if (fault.error_rate > 0) parts.push(`${percent(fault.error_rate)} errors${fault.status ? ` (${fault.status})` : ''}`);
  if (fault.ends_in_s > 0) parts.push(`ends in ${countdown(fault.ends_in_s)}`);
  if (fault.ours === false) parts.push('set elsewhere');
  return parts.join(', ');
}

/** clock is the time of day of an instant. */
export const clock = (at) => {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? '' : time.toLocaleTimeString('en-GB');
};

export const plural = (n, one, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;

/** title makes a code readable: "all_sources_failed" becomes "all sources failed". */
export const title = (code) => String(code ?? '').replaceAll('_', ' ');

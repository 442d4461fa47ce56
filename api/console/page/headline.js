// The sentence on top, how old the figures are, and the figures of the last minute.

import { attribute, el, keyed, text } from './dom.js';
import { clock, count, percent, seconds } from './words.js';

const $ = (id) => document.getElementById(id);
const marks = { well: '✓', warning: '!', bad: '✕' };
let received; // when the last state came
let lost; // since when the stream is lost

export function showHeadline(state) {
  received = Date.now();
  const sentence = $('sentence');
  attribute(sentence, 'data-tone', state.tone);
  attribute(sentence, 'data-mark', marks[state.tone]);
  text(sentence, (state.sentence ?? '').replaceAll(/\d (%|(s|min|h)\b)/g, (all) => all.replace(' ', '\u00a0')));
  document.title = `${state.tone && state.tone !== 'well' ? `(${marks[state.tone]}) ` : ''}Tributary console`;
  showMinute(state.minute ?? {});
  showAge();
}

function showMinute(minute) {
  const share = (n) => (minute.answers > 0 && n > 0 ? percent(n / minute.answers) : '');
  const figures = [
    ['answers in a minute', count(minute.answers), ''],
    ['complete', count(minute.complete), share(minute.complete)],
    ['degraded', count(minute.degraded), share(minute.degraded), minute.degraded > 0 ? 'warning' : ''],
    ['problems', count(minute.problems), share(minute.problems), minute.problems > 0 ? 'bad' : ''],
    ['client errors', count(minute.client_errors), ''],
    ['with older data', percent(minute.older), minute.oldest_s ? `oldest ${seconds(minute.oldest_s)}` : '', minute.older > 0 ? 'warning' : ''],
  ].filter(([, value]) => value !== '');
  keyed($('minute'), figures, ([name]) => name, makeFigure, (figure, [, value, more, tone]) => {
    attribute(figure, 'data-tone', tone || false);
    text(figure.querySelector('.value'), value);
    text(figure.querySelector('.more'), more);
  });
}

const makeFigure = ([name]) =>
  el('div', {}, el('dt', {}, name), el('dd', {}, el('span', { class: 'value' }), ' ', el('span', { class: 'more' })));

/** showConnection says since when the stream is lost, or that it is back. */
export function showConnection(since) {
  const back = lost && !since;
  lost = since;
  attribute(document.body, 'data-lost', Boolean(since));
  if (since) announce(`The connection is lost since ${clock(since)}.`);
  else if (back) announce('The connection is back.');
  showAge();
}

function showAge() {
  const line = $('freshness');
  attribute(line, 'data-lost', Boolean(lost));
  if (lost) {
    const what = received ? `These figures are of ${clock(lost)}, ${seconds((Date.now() - lost) / 1000)} ago.` : 'No figures have come yet.';
    text(line, `The connection to the gateway is lost. ${what} Trying again…`);
  } else if (received) {
    text(line, `as of ${seconds((Date.now() - received) / 1000)} ago`);
  }
}

/** tickHeadline keeps the age true between states. */
export const tickHeadline = showAge;

let waiting, announcedAt = 0;

/** announce tells screen readers, at most every 8 seconds; of several in between, the last one. */
export function announce(words) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    announcedAt = Date.now();
    text($('announcer'), words);
  }, Math.max(0, announcedAt + 8000 - Date.now()));
}

// The console. It connects the parts: each knows its own elements, and none knows another.

import { makeAsk } from './ask.js';
import { attribute, text } from './dom.js';
import { makeExplain } from './explain.js';
import { makeFaults } from './faults.js';
import { announce, showConnection, showHeadline, tickHeadline } from './headline.js';
import { learn, loadModel, model } from './model.js';
import { makeRivers, showLegend, showTable } from './rivers.js';
import { openStream } from './stream.js';
import { makeTheme } from './theme.js';
import { makeTimeline } from './timeline.js';
import { makePanel } from './upstream.js';
import { clock } from './words.js';

const $ = (id) => document.getElementById(id);
const jaegerURL = () => model.jaeger_ui_url;
let latest;

makeTheme($('theme'));
showLegend($('legend'));
const ask = makeAsk($('ask-form'), $('answer'), jaegerURL);
const rivers = makeRivers($('rivers'), {
  upstream: (name) => panel.open(name, model, latest),
  endpoint: (route) => ask.choose(route),
});
const addEvent = makeTimeline($('charts'), $('events'));
const faults = makeFaults($('faults'), $('to-faults'), $('plugs'), $('banner'));
const panel = makePanel($('upstream'), { changed: (name) => rivers.open(name), faults: (upstream) => faults.row(upstream) });
makeExplain($('explain-form'), $('stories'), $('story'), jaegerURL);
$('table').addEventListener('toggle', () => latest && showState(latest));
setInterval(tickHeadline, 1000);

async function reload() {
  try {
    await loadModel();
  } catch {
    return; // The stream says that the gateway is away.
  }
  const { build, docs_url: docs } = model;
  text($('build'), [build.version, build.commit === 'unknown' ? '' : build.commit?.slice(0, 7), build.started_at ? `started ${clock(build.started_at)}` : ''].filter(Boolean).join(' · '));
  attribute($('docs'), 'hidden', !docs);
  attribute($('docs'), 'href', docs);
  await ask.load();
}

const faultIsOn = () => Boolean(latest?.upstreams?.some((u) => u.fault && u.fault.ours !== false));

function showState(state) {
  latest = state;
  if (document.hidden) return;
  learn(state);
  showHeadline(state);
  rivers.show(model, state);
  panel.show(state);
  faults.show(model, state);
  if ($('table').open) showTable($('table').lastElementChild, state);
}

function happened(event) {
  addEvent(event);
  announce(event.text);
}

async function connection(lost) {
  showConnection(lost);
  if (!lost) await reload(); // The process may be another one.
}

await reload();
openStream({ state: showState, happened, connection, model: reload, needed: faultIsOn });

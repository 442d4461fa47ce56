// The front page: asks this gateway for the weather, and shows the answer with its
// sources. Where the upstreams are simulated, data-faults is the path of their faults.
const $ = (id) => document.getElementById(id);
const faults = $("main").dataset.faults;
const pulled = new Set(); // names of sources whose plug is out
let asked = 0; // counts questions, so that a late answer is not shown over a newer one

/** element makes an element; children are elements and texts. */
function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else e.setAttribute(key, value);
  }
  e.append(...children);
  return e;
}

/** ask asks for the weather in the city of the form. again: older answers will not do. */
async function ask(again) {
  const number = ++asked;
  // ' stays as it is in encodeURIComponent, and would end the quotes of the curl command.
  const path = "/v1/weather?city=" + encodeURIComponent($("city").value.trim()).replaceAll("'", "%27");
  const headers = { Accept: "application/json" };
  if (again) headers["Cache-Control"] = "no-cache";
  const key = $("key").querySelector("input").value;
  if (key) headers["X-API-Key"] = key;
  const begin = performance.now();
  try {
    const response = await fetch(path, { headers, cache: "no-store" });
    const text = await response.text();
    if (number === asked) show(path, response.status, JSON.parse(text), performance.now() - begin);
  } catch (error) {
    if (number === asked) verdict("bad", "The gateway did not answer: " + error.message);
  }
}

function show(path, status, answer, took) {
  const sources = answer.meta?.sources ?? answer.sources ?? [];
  $("key").hidden = status !== 401 && status !== 403;
  $("call").textContent = `curl -i '${location.origin}${path}'`;
  $("body").textContent = JSON.stringify(answer, null, 2);
  if (status === 200) {
    showWeather(answer.data);
    verdict(answer.meta.status === "complete" ? "well" : "warning", sentence(answer.meta, took));
  } else {
    $("place").textContent = answer.title ?? `Status ${status}`;
    $("weather").replaceChildren(element("p", {}, answer.detail ?? ""), element("a", { href: answer.type ?? "/problems" }, "What this means"));
    verdict("bad", `No weather: the gateway answered ${status} in ${Math.round(took)} ms.`);
  }
  $("sources").replaceChildren(...sources.map(row));
}

/** sentence says what became of the question. */
function sentence(meta, took) {
  const ms = `${Math.round(took)} ms`;
  const used = meta.sources.filter((s) => s.state !== "failed" && s.state !== "skipped").length;
  const stored = meta.sources.map((s) => s.name).filter((name) => pulled.has(name));
  if (meta.status === "complete" && stored.length > 0) {
    return `Complete, in ${ms}, although ${stored.join(" and ")} ${stored.length > 1 ? "are" : "is"} unplugged: the cache still has a fresh answer for this city. Ask for another city.`;
  }
  if (meta.status === "complete") return `Complete: ${used} of ${meta.sources.length} sources, in ${ms}.`;
  const unwell = meta.sources.filter((s) => s.error || s.state === "stale").map((s) => s.name);
  return `Degraded, but answered, in ${ms}: ${unwell.join(" and ")} did not answer; the answer uses the other sources and the cache.`;
}

function verdict(tone, text) {
  $("verdict").dataset.tone = tone;
  $("verdict").textContent = text;
}

function showWeather(data) {
  const { place, units } = data;
  $("place").textContent = [place.name, place.country].filter(Boolean).join(", ");
  const facts = [
    ["feels like", data.feels_like, units.temperature],
    ["wind", data.wind?.speed, units.wind_speed],
    ["humidity", data.humidity, units.humidity],
    ["pressure", data.pressure, units.pressure],
  ].filter(([, value]) => value !== undefined);
  $("weather").replaceChildren(
    element("div", { class: "temperature" }, data.temperature === undefined ? "–" : `${data.temperature} ${units.temperature}`),
    element("div", {}, data.condition.text),
    element("dl", { class: "facts" }, ...facts.flatMap(([name, value, unit]) => [element("dt", {}, name), element("dd", {}, `${value} ${unit ?? ""}`)])),
  );
}

/** row is a source in the table. */
function row(source) {
  const last = element("td");
  if (faults) last.append(plug(source.name));
  const state = element("td", {}, element("span", { class: "state", "data-state": source.state }, source.state));
  if (source.error) state.append(element("span", { class: "why", "data-state": source.state }, source.error.detail ?? source.error.code));
  return element("tr", {},
    element("td", {}, source.name),
    state,
    element("td", { class: "number" }, source.age_seconds === undefined ? "" : age(source.age_seconds)),
    element("td", { class: "number took" }, source.attempts ? `${Math.round(source.latency_ms)} ms` : ""),
    last);
}

const age = (seconds) => (seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`);

function plug(name) {
  const out = pulled.has(name);
  return element("button", { type: "button", "aria-pressed": out, onclick: () => setPlug(name, !out) },
    out ? "Plug in" : "Unplug", element("span", { class: "visually-hidden" }, ` ${name}`));
}

/** setPlug lets an upstream refuse connections, or lifts that fault, and asks again. */
async function setPlug(name, out) {
  const focused = document.activeElement?.closest("tr")?.rowIndex;
  try {
    const response = await fetch(`${faults}/${name}`, out ? { method: "PUT", body: JSON.stringify({ mode: "down", for_s: 120 }) } : { method: "DELETE" });
    if (!response.ok) throw new Error(await response.text());
    await readPlugs();
    await ask(true);
    document.querySelector(`#sources tr:nth-child(${focused}) button`)?.focus();
  } catch (error) {
    verdict("bad", `The plug of ${name} could not be moved: ${error.message}`);
  }
}

/** readPlugs learns which plugs are out, also those that somebody else has pulled. */
async function readPlugs() {
  const response = await fetch(faults);
  if (!response.ok) return;
  pulled.clear();
  for (const [name, fault] of Object.entries(await response.json())) {
    if (fault.mode === "down") pulled.add(name);
  }
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
$("others").addEventListener("click", (event) => {
  if (event.target.tagName !== "BUTTON") return;
  $("city").value = event.target.textContent;
  ask();
});
$("console").hidden = !$("console").getAttribute("href");
$("plugs").hidden = !faults;
if (faults) await readPlugs();
ask();

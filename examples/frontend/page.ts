import { answer, connect, listen, ProblemError, type Source } from "./client.js";
import { drawDays, drawHours } from "./forecast.js";
import type { components } from "./tributary.js";

const url = new URLSearchParams(location.search).get("api") ?? "http://localhost:8080";
const gateway = connect(url);

let stop = () => {}; // the stream of the city before

/** Shows the weather of a city now and whenever it changes, and the forecast with it. */
async function weather(city: string): Promise<Shown> {
  const asked = await answer(gateway.GET("/v1/weather", { params: { query: { city } } }));
  stop = listen(url, "/v1/weather", { query: { city } }, {
    answer: (body) => {
      live("listening");
      void show("weather", Promise.resolve(sky(body)));
      void show("forecast", forecast(city)); // what has changed now may change what comes
    },
    problem: (problem) => void show("weather", Promise.reject(new ProblemError(problem))),
    lost: () => live("lost"),
  });
  return sky(asked);
}

/** Says whether the page hears of changes. */
function live(state: "listening" | "lost" | "not yet") {
  const sign = document.querySelector<HTMLElement>(".sign")!;
  sign.hidden = state === "not yet";
  sign.toggleAttribute("data-lost", state === "lost");
  sign.textContent = state === "lost" ? "not live" : "live";
}

function sky({ data, meta }: components["schemas"]["WeatherAnswer"]): Shown {
  const { place, condition, temperature, units } = data;
  return {
    title: temperature === undefined ? condition.text : `${temperature} ${units.temperature}, ${condition.text}`,
    text: [place.name, place.country].filter(Boolean).join(", "),
    sources: meta.sources,
  };
}

async function forecast(city: string): Promise<Shown> {
  const params = { query: { city, hourly: true, days: 6 } };
  const { data, meta } = await answer(gateway.GET("/v1/weather/forecast", { params }));
  const section = document.getElementById("forecast")!;
  drawHours(section.querySelector("figure")!, data);
  drawDays(section.querySelector("ol")!, data);
  return { title: "", text: `Temperature in ${data.units.temperature}, in the time zone ${data.place.timezone ?? "UTC"}`, sources: meta.sources };
}

async function air(city: string): Promise<Shown> {
  const { data, meta } = await answer(gateway.GET("/v1/air-quality", { params: { query: { city } } }));
  const index = data.european_aqi === undefined ? undefined : `European index ${data.european_aqi}, ${data.category}`;
  const particles = data.pm2_5 === undefined ? undefined : `PM2.5 ${data.pm2_5} ${data.units.pm2_5}`;
  return { title: index ?? particles ?? "No index", text: particles ?? "", sources: meta.sources };
}

async function user(id: number): Promise<Shown> {
  const params = { path: { id }, query: { include: "activity,weather" } };
  const { data, meta } = await answer(gateway.GET("/v1/users/{id}", { params }));
  const todo = data.activity && `${data.activity.todos_open} things to do`; // a part that could not be had is absent
  const sky = data.weather && `${data.weather.condition.text} at home`;
  return { title: data.name, text: [todo, sky].filter(Boolean).join(" · "), sources: meta.sources };
}

function trouble(error: unknown): Shown {
  if (error instanceof ProblemError) {
    const { title, detail, sources = [] } = error.problem;
    return { title, text: detail, sources, failed: true };
  }
  return { title: "No answer", text: String(error), sources: [], failed: true };
}

type Shown = { title: string; text: string; sources: Source[]; failed?: boolean };

/** Fills a section of the page. It all comes from elsewhere, so it goes in as text, never as HTML. */
async function show(section: string, asked: Promise<Shown>) {
  const { title, text, sources, failed = false } = await asked.catch(trouble);
  const element = document.getElementById(section)!;
  element.querySelector(".title")!.textContent = title;
  element.querySelector(".text")!.textContent = text;
  element.querySelector("ul")!.replaceChildren(...sources.map(line));
  element.querySelector(".title")!.classList.toggle("failed", failed);
}

/** Says of one source how it is, how old its answer is, what went wrong, and what its licence wants said. */
function line({ name, state, age_seconds: age, error, attribution }: Source) {
  const old = age && (age < 120 ? `${age} s old` : `${Math.floor(age / 60)} min old`);
  const item = document.createElement("li");
  item.textContent = [`${name}: ${state}`, old, error?.detail, attribution].filter(Boolean).join(" · ");
  item.className = state; // page.css has a mark and a colour for some
  return item;
}

const form = document.querySelector("form")!;
const button = document.querySelector("button")!;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const typed = new FormData(form);
  const city = String(typed.get("city"));
  stop();
  live("not yet");
  button.disabled = true; // one question at a time, so that no old answer overtakes a new one
  await Promise.all([
    show("weather", weather(city)),
    show("forecast", forecast(city)),
    show("air", air(city)),
    show("user", user(Number(typed.get("user")))),
  ]);
  button.disabled = false;
});
form.requestSubmit(); // once at the start, with what the form holds

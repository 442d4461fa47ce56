// Draws a forecast: the hours as a chart, the days as cards.

import type { components } from "./tributary.js";

export type Forecast = components["schemas"]["Forecast"];
type Day = components["schemas"]["ForecastDay"];
type Hour = components["schemas"]["ForecastHour"];

const width = 960;
const height = 230;
const frame = { left: 44, right: 12, top: 24, bottom: 34 };

/** Fills `figure` with the temperature and the precipitation of each hour, at the place's own time. */
export function drawHours(figure: HTMLElement, { hourly = [], units, place }: Forecast) {
  const temperatures = hourly.flatMap((hour) => hour.temperature ?? []);
  if (temperatures.length === 0) {
    figure.replaceChildren();
    return;
  }
  const low = Math.floor(Math.min(...temperatures)) - 1;
  const high = Math.ceil(Math.max(...temperatures)) + 1;
  const step = (width - frame.left - frame.right) / hourly.length;
  const x = (i: number) => frame.left + (i + 0.5) * step;
  const y = (value: number) => frame.top + ((high - value) / (high - low)) * (height - frame.top - frame.bottom);

  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": inWords(hourly, units.temperature) });
  for (const value of ticks(low, high)) {
    svg.append(element("line", { class: "grid", x1: frame.left, x2: width - frame.right, y1: y(value), y2: y(value) }));
    svg.append(text(`${value}°`, frame.left - 8, y(value) + 4, "end"));
  }
  const clock = clockOf(place.timezone);
  hourly.forEach((hour, i) => {
    const { time, day } = clock(hour.time);
    const midnight = time.startsWith("00:"); // or soon after it, where the zone is not whole hours from UTC
    if (midnight && i > 0) {
      svg.append(element("line", { class: "midnight", x1: x(i) - step / 2, x2: x(i) - step / 2, y1: frame.top - 10, y2: height - frame.bottom }));
    }
    if (midnight || i === 0) svg.append(text(day, x(i) - step / 2 + 4, frame.top - 10, "start", "value"));
    if (Number(time.slice(0, 2)) % 6 === 0) svg.append(text(time, x(i), height - 12, "middle"));
  });
  svg.append(...rain(hourly, x, step, units.precipitation));
  svg.append(element("path", { class: "temperature", d: line(hourly, x, y) }));
  svg.append(...extremes(hourly, x, y));
  figure.replaceChildren(svg);
}

/** Fills `list` with a card for each day. */
export function drawDays(list: HTMLElement, { daily, units, place }: Forecast) {
  const low = Math.min(...daily.flatMap((day) => day.temperature_min ?? []));
  const high = Math.max(...daily.flatMap((day) => day.temperature_max ?? []));
  const clock = clockOf(place.timezone);
  list.replaceChildren(...daily.map((day) => card(day)));

  function card(day: Day): HTMLElement {
    const name = new Date(`${day.date}T12:00:00Z`).toLocaleDateString("en", { weekday: "long", timeZone: "UTC" });
    const item = html("li", "", html("b", name), html("span", day.condition?.text ?? ""));
    const { temperature_min: min, temperature_max: max } = day;
    if (min !== undefined && max !== undefined) {
      const bar = html("i", "");
      const part = (value: number) => `${((value - low) / (high - low || 1)) * 100}%`;
      bar.style.marginLeft = part(min);
      bar.style.width = `calc(${part(max)} - ${part(min)})`;
      const outer = html("span", "", bar);
      outer.className = "bar";
      const range = html("span", `${Math.round(min)}° to ${Math.round(max)}°`);
      range.className = "range";
      item.append(range, outer);
    }
    const notes = [
      day.precipitation_sum !== undefined && `${day.precipitation_sum} ${units.precipitation}`,
      day.precipitation_probability !== undefined && `${Math.round(day.precipitation_probability)} % likely`,
    ].filter(Boolean);
    if (notes.length > 0) item.append(html("small", `Rain: ${notes.join(", ")}`));
    if (day.sunrise && day.sunset) item.append(html("small", `Sun: ${clock(day.sunrise).time} to ${clock(day.sunset).time}`));
    item.append(html("small", `${day.confidence} confidence, ${day.source_count} ${day.source_count === 1 ? "source" : "sources"}`));
    return item;
  }
}

/** Gives the hour and the weekday of an instant at the place. */
function clockOf(timeZone = "UTC") {
  const time = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat("en", { timeZone, weekday: "short" });
  return (instant: string) => ({ time: time.format(new Date(instant)), day: day.format(new Date(instant)) });
}

function ticks(low: number, high: number): number[] {
  const step = Math.max(1, Math.ceil((high - low) / 4));
  return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => low + i * step);
}

/** The path of the temperature; it is interrupted where nobody knows it. */
function line(hourly: Hour[], x: (i: number) => number, y: (value: number) => number): string {
  let drawing = false;
  return hourly.map(({ temperature }, i) => {
    const to = temperature === undefined ? "" : `${drawing ? "L" : "M"}${x(i).toFixed(1)} ${y(temperature).toFixed(1)}`;
    drawing = temperature !== undefined;
    return to;
  }).join("");
}

/** A bar for each hour with precipitation. The tallest is a third of the chart, and is labelled. */
function rain(hourly: Hour[], x: (i: number) => number, step: number, unit: string): SVGElement[] {
  const most = Math.max(...hourly.map((hour) => hour.precipitation ?? 0));
  if (most === 0) return [];
  const bottom = height - frame.bottom;
  const bars = hourly.flatMap(({ precipitation = 0 }, i) => {
    const tall = (precipitation / most) * ((bottom - frame.top) / 3);
    return precipitation === 0 ? [] : [element("rect", { class: "rain", x: x(i) - step * 0.35, y: bottom - tall, width: step * 0.7, height: tall, rx: 2 })];
  });
  const wettest = hourly.findIndex((hour) => hour.precipitation === most);
  return [...bars, text(`${most} ${unit}`, x(wettest), bottom - (bottom - frame.top) / 3 - 5, "middle")];
}

/** The warmest and the coldest hour, with their values. */
function extremes(hourly: Hour[], x: (i: number) => number, y: (value: number) => number): SVGElement[] {
  const known = hourly.flatMap(({ temperature }, i) => (temperature === undefined ? [] : [{ temperature, i }]));
  known.sort((a, b) => a.temperature - b.temperature);
  return [{ at: known[0], above: false }, { at: known.at(-1), above: true }].flatMap(({ at, above }) => {
    if (!at) return [];
    const [cx, cy] = [x(at.i), y(at.temperature)];
    return [element("circle", { class: "point", cx, cy, r: 4 }), text(`${at.temperature}°`, cx, cy + (above ? -9 : 19), "middle", "value")];
  });
}

function inWords(hourly: Hour[], unit: string): string {
  const temperatures = hourly.flatMap((hour) => hour.temperature ?? []);
  const wet = hourly.filter((hour) => (hour.precipitation ?? 0) > 0).length;
  return `Temperature from ${Math.min(...temperatures)} to ${Math.max(...temperatures)} ${unit}; ${wet} of ${hourly.length} hours with precipitation`;
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function text(content: string, x: number, y: number, anchor: string, style = ""): SVGElement {
  const made = element("text", { x, y, "text-anchor": anchor, class: style });
  made.textContent = content;
  return made;
}

function html(name: string, content: string, ...children: Node[]): HTMLElement {
  const made = document.createElement(name);
  made.append(content, ...children);
  return made;
}

// Asks a gateway through the client and checks what comes back: node smoke.js http://localhost:8080

import { answer, answers, connect, ProblemError } from "./client.js";

declare const process: { argv: string[] };

function must(truth: boolean, what: string): asserts truth {
  if (!truth) {
    throw new Error(`want ${what}`);
  }
}

const url = process.argv[2];
must(url !== undefined, "the gateway's URL as the argument");
const gateway = connect(url);

const weather = await answer(gateway.GET("/v1/weather", { params: { query: { city: "Delhi", units: "imperial" } } }));
const { place: delhi, condition, temperature, units } = weather.data;
must(delhi.name === "Delhi", "the place that was asked for");
must(temperature !== undefined && units.temperature === "°F", "a temperature in the unit that was asked for");
must(weather.meta.sources.some((source) => source.name === "openmeteo"), "the source openmeteo");
console.log(`weather: ${condition.text}, ${temperature} ${units.temperature}, ${weather.meta.status}`);

const place = ["28.65,77.23", "51.51,-0.13"];
const many = await answers(gateway.GET("/v1/weather", { params: { query: { place } } }));
const temperatures = many.data.map((entry) => ("problem" in entry ? entry.problem.title : entry.data.temperature));
must(many.data.length === 2 && temperatures.every((t) => typeof t === "number"), "a temperature for each place");
console.log(`many places: ${temperatures.join(", ")}, ${many.meta.status}`);

const user = await answer(gateway.GET("/v1/users/{id}", { params: { path: { id: 7 }, query: { include: "activity" } } }));
const { id, name, activity } = user.data;
must(id === 7 && activity !== undefined, "user 7, with activity");
console.log(`user: ${name}, ${activity.posts} posts`);

const stream = await answer(gateway.GET("/v1/users/{id}/stream", { params: { path: { id: 7 } }, parseAs: "stream" }));
must(stream !== null && typeof stream === "object", "a stream");
const reader = (stream as ReadableStream<Uint8Array>).getReader();
const first = new TextDecoder().decode((await reader.read()).value);
must(first.startsWith("event: answer\n") && first.includes('"id":7'), `an event with user 7, not ${first}`);
await reader.cancel();
console.log(`stream: ${first.length} characters at once`);

const refused = await answer(gateway.GET("/v1/weather", { params: { query: { lat: 91, lon: 0 } } })).catch((e: unknown) => e);
must(refused instanceof ProblemError, `a problem, not ${refused}`);
const { code, status, errors = [] } = refused.problem;
must(code === "invalid_parameters" && status === 400, "invalid parameters");
must(errors.length === 1 && errors[0]?.parameter === "lat", "lat as the only mistake");
console.log(`problem: ${refused.message}`);

// Mistakes that must not compile. "npm run check" fails if one of them does; nobody runs this.

import { answer, answers, connect, ProblemError } from "./client.js";

export async function misuse() {
  const gateway = connect("http://localhost:8080");

  const { data, meta } = await answer(gateway.GET("/v1/weather", { params: { query: { city: "Delhi" } } }));
  // @ts-expect-error: a field that does not exist
  data.temprature;
  // @ts-expect-error: what nobody knows is absent
  data.temperature.toFixed(1);
  // @ts-expect-error: a state that no source has
  meta.sources.some((source) => source.state === "old");
  // @ts-expect-error: an age is absent where there is no answer
  meta.sources.map((source) => source.age_seconds + 1);

  const many = await answers(gateway.GET("/v1/weather", { params: { query: { place: ["28.65,77.23"] } } }));
  // @ts-expect-error: an entry may be a problem instead
  many.data[0]?.data;
  // @ts-expect-error: the sources are in the meta of each entry
  many.meta.sources;
  // @ts-expect-error: places are a list
  gateway.GET("/v1/weather", { params: { query: { place: "28.65,77.23" } } });

  // @ts-expect-error: units that the gateway does not know
  gateway.GET("/v1/weather", { params: { query: { city: "Delhi", units: "kelvin" } } });
  // @ts-expect-error: a parameter that does not exist
  gateway.GET("/v1/weather", { params: { query: { town: "Delhi" } } });
  // @ts-expect-error: a path that does not exist
  gateway.GET("/v1/forecast", {});
  // @ts-expect-error: a path without its parameter
  gateway.GET("/v1/users/{id}", { params: { query: { include: "github" } } });
  // @ts-expect-error: a method that the path does not have
  gateway.POST("/v1/weather", {});
  // @ts-expect-error: a user without a name
  gateway.POST("/v1/users", { body: { email: "ada@example.org" } });

  const raw = await gateway.GET("/v1/users/{id}", { params: { path: { id: 7 } } });
  // @ts-expect-error: an answer may be a problem instead
  raw.data.data;
  // @ts-expect-error: a code that no problem has
  raw.error?.code === "out_of_coffee";

  // @ts-expect-error: a problem is typed
  new ProblemError({ title: "Not found" });
}

// The types of the client must hold for what the gateway answers.

import { client } from "./hey/client.gen.js";
import { getWeather } from "./hey/sdk.gen.js";

client.setConfig({ baseUrl: process.env["TRIBUTARY_URL"]! });

const { data: answer } = await getWeather({ query: { city: "Delhi" }, throwOnError: true });
if (Array.isArray(answer.data)) throw new Error("a batch, which was not asked for");
const { temperature, place } = answer.data;
if (temperature === undefined || place.name !== "Delhi") throw new Error(`answer: ${JSON.stringify(answer)}`);

const { error } = await getWeather({ query: {} });
if (error?.status !== 400) throw new Error(`error: ${JSON.stringify(error)}`);

// A client of Tributary. Copy this file and tributary.d.ts.

import createClient, { type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./tributary.js";

export type Meta = components["schemas"]["Meta"];
export type Source = components["schemas"]["Source"];
export type Problem = components["schemas"]["Problem"];

/** Makes a client of the gateway at this URL. It knows what openapi.yaml knows. */
export function connect(baseUrl: string, options: Omit<ClientOptions, "baseUrl"> = {}) {
  return createClient<paths>({ ...options, baseUrl });
}

/** An error that the gateway has explained: `problem.code` is for programs, `message` for people. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The body of a batch: it has sources in the meta of its entries only. */
type Batch = { meta: { status: unknown; sources?: never } };

type Asked<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/**
 * Waits for what a client was asked, and returns the body. Throws a ProblemError if the gateway says no, and
 * another error if the gateway was not reached, or something else answered in its place.
 */
export async function answer<T>(asked: Asked<T>): Promise<Exclude<T, Batch>> {
  return (await body(asked)) as Exclude<T, Batch>; // without "place" or "id" there is no batch
}

/** Is like answer, for a batch: what was asked with "place", or for users with "id". */
export async function answers<T>(asked: Asked<T>): Promise<Extract<T, Batch>> {
  return (await body(asked)) as Extract<T, Batch>;
}

async function body<T>(asked: Asked<T>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok) {
    return data as T; // undefined only where T is: a 204 has no body
  }
  if (response.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    throw new ProblemError(error as Problem);
  }
  throw new Error(`${response.url} answered ${response.status} ${response.statusText}`);
}

/** The paths whose answers can be listened to: those that have `/stream` below them. */
export type Streamed = { [P in keyof paths]: `${P}/stream` extends keyof paths ? P : never }[keyof paths];

/** What a path is asked with, and what it answers. */
type Params<P extends Streamed> = paths[P] extends { get: { parameters: infer A } } ? Pick<A, keyof A & ("path" | "query")> : never;
type Body<P extends Streamed> = paths[P] extends { get: { responses: { 200: { content: { "application/json": infer B } } } } } ? Exclude<B, Batch> : never;

/**
 * Calls `answer` with the answer of a path and with each that differs, and `problem` while there is none. The browser
 * connects again by itself, and calls `lost` if it gives up, as it does when the gateway refuses: ask the path itself
 * for the reason. An EventSource sends no key. Call the result to stop.
 */
export function listen<P extends Streamed>(
  baseUrl: string,
  path: P,
  params: Params<P>,
  on: { answer: (body: Body<P>) => void; problem?: (problem: Problem) => void; lost?: () => void },
): () => void {
  const { path: segments = {}, query = {} } = params as { path?: Record<string, unknown>; query?: Record<string, unknown> };
  const filled = path.replace(/{(\w+)}/g, (_, name: string) => encodeURIComponent(String(segments[name])));
  const url = new URL(`${baseUrl.replace(/\/$/, "")}${filled}/stream`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const events = new EventSource(url);
  events.addEventListener("answer", (event) => on.answer(JSON.parse(event.data) as Body<P>));
  events.addEventListener("problem", (event) => on.problem?.(JSON.parse(event.data) as Problem));
  events.addEventListener("error", () => events.readyState === EventSource.CLOSED && on.lost?.());
  return () => events.close();
}

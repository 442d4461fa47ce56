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

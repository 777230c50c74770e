import type { ErrorCode } from "../model/error-codes.ts";
import type { Problem } from "./problem.ts";
import type { Route } from "./route.ts";

type WireOf<R> = R extends Route<infer W> ? W : never;
type Part<R, Name extends string> = WireOf<R> extends Record<Name, infer Value> ? Value : never;

/** A part of the request that has no required field may be left out. */
type Given<Name extends string, Value> = [Value] extends [undefined]
  ? unknown
  : Record<never, never> extends Value
    ? { readonly [K in Name]?: Value }
    : { readonly [K in Name]: Value };

/** What a call of a route takes, as its schemas say. */
type RequestOf<R> = Given<"params", Part<R, "params">> &
  Given<"query", Part<R, "query">> &
  Given<"body", Part<R, "body">>;

/** What a route answers. Its views hold plain JSON only, so this is what arrives. */
export type AnswerOf<R> = Part<R, "answer">;

type Arguments<R> = Record<never, never> extends RequestOf<R> ? [request?: RequestOf<R>] : [request: RequestOf<R>];

/** A client typed by the route table: `call("POST /accounts", { body: { name } })`. */
export interface Client<Routes> {
  /** Throws `CallFailed` with the problem that the server told, `NotRunning` when nobody answers. */
  call<Name extends keyof Routes & string>(
    name: Name,
    ...request: Arguments<Routes[Name]>
  ): Promise<AnswerOf<Routes[Name]>>;
}

export interface ClientOptions {
  /** `http://127.0.0.1:4280`, or one with a path, below which the routes lie. */
  readonly url: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** The server said no; `problem` says why and what to do. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  get code(): ErrorCode {
    return this.problem.code;
  }
}

/** Nobody answers at the address. */
export class NotRunning extends Error {
  override readonly name = "NotRunning";

  constructor(url: string, cause: unknown) {
    super(`nothing answers at ${url}${reasonOf(cause)}`, { cause });
  }
}

/** `fetch` hides the reason two causes deep. */
function reasonOf(thrown: unknown): string {
  const code = ((thrown as Error | undefined)?.cause as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? ` (${code})` : "";
}

interface AnyRequest {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** Opens a client; nothing is sent before the first call. */
export function openClient<Routes>(options: ClientOptions): Client<Routes> {
  return {
    call: async (name, ...given) => {
      const [request = {}] = given as [AnyRequest?];
      const response = await send(options, name, request);
      const text = await response.text();
      if (!response.ok) throw new CallFailed(problemFrom(response, text));
      return (text === "" ? undefined : JSON.parse(text)) as AnswerOf<Routes[typeof name]>;
    },
  };
}

async function send(options: ClientOptions, name: string, request: AnyRequest): Promise<Response> {
  const [method = "GET", template = "/"] = name.split(" ");
  const path = template.replaceAll(/\{(\w+)\}/g, (_, key) => encodeURIComponent(request.params?.[key] ?? ""));
  // Below the address's own path: API Gateway serves under that of its stage.
  const url = new URL(`.${path}`, options.url.endsWith("/") ? options.url : `${options.url}/`);
  for (const [key, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.token !== undefined) headers["authorization"] = `Bearer ${options.token}`;
  if (request.body !== undefined) headers["content-type"] = "application/json";
  try {
    return await fetch(url, {
      method,
      headers,
      redirect: "error",
      signal: options.signal ?? null,
      body: request.body === undefined ? null : JSON.stringify(request.body),
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new NotRunning(options.url, error);
  }
}

function problemFrom(response: Response, text: string): Problem {
  if (response.headers.get("content-type")?.startsWith("application/problem+json")) return JSON.parse(text) as Problem;
  const detail = `the server answered ${response.status} without a reason`;
  return {
    type: "about:blank",
    title: detail,
    status: response.status,
    detail,
    instance: new URL(response.url).pathname,
    code: "UNKNOWN",
    fix: "Check that the address is that of Warehouse Sync.",
  };
}

import type { Principal } from "../flows/accounts/authenticate.ts";
import type { Deps } from "../flows/deps.ts";
import { SyncError } from "../model/errors.ts";
import { problemOf } from "./problem.ts";
import type { CallContext, Route } from "./route.ts";

/** A JSON body may not be larger; rows travel as files. */
export const bodyBytesMax = 1_048_576;

/** A call as any server sees it, whatever it is built on. */
export interface HttpCall {
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  /** Read only after the token was found good. */
  readonly body: () => Promise<Uint8Array>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Whose token it was, for the access log. */
  readonly principal: Principal | null;
}

/** Finds whom a bearer token stands for; throws `UNAUTHORIZED` where it stands for nobody. */
export type Authenticate = (deps: Deps, request: { text: string }, signal: AbortSignal) => Promise<Principal>;

/** Runs one call of a route: token, scope, body, schema, flow. Every failure becomes problem details. */
export async function answerCall(
  context: CallContext,
  authenticate: Authenticate,
  route: Route,
  call: HttpCall,
): Promise<HttpAnswer> {
  let principal: Principal | null = null;
  try {
    principal = await principalOf(context, authenticate, route, call);
    const body = jsonOf(await call.body(), call.contentType);
    const answer = await route.answer(context, principal, { params: call.params, query: call.query, body });
    return route.status === 204
      ? { status: 204, headers: {}, body: null, principal }
      : { status: route.status, headers: jsonHeaders, body: JSON.stringify(answer), principal };
  } catch (thrown) {
    return failed(context.deps, thrown, call.path, principal);
  }
}

const jsonHeaders = { "content-type": "application/json", "cache-control": "no-store" };

/** The answer to a failure; what was no expected one is logged in full, and told by its code alone. */
export function failed(deps: Deps, thrown: unknown, path: string, principal: Principal | null = null): HttpAnswer {
  const problem = problemOf(thrown, path);
  if (problem.status >= 500) deps.log("http-failed", { path, code: problem.code, cause: traceOf(thrown) });
  const headers: Record<string, string> = { ...jsonHeaders, "content-type": "application/problem+json" };
  if (problem.status === 401) headers["www-authenticate"] = 'Bearer realm="warehouse-sync"';
  return { status: problem.status, headers, body: JSON.stringify(problem), principal };
}

function traceOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

async function principalOf(
  context: CallContext,
  authenticate: Authenticate,
  route: Route,
  call: HttpCall,
): Promise<Principal | null> {
  if (route.scope === "public") return null;
  const text = /^Bearer +([\w.~+/=-]+)$/i.exec(call.authorization ?? "")?.[1];
  if (text === undefined) throw new SyncError("UNAUTHORIZED");
  const principal = await authenticate(context.deps, { text }, context.signal);
  if (principal.scope !== route.scope) {
    throw new SyncError("FORBIDDEN", { message: `this needs a token with the scope "${route.scope}"` });
  }
  return principal;
}

function jsonOf(bytes: Uint8Array, contentType: string | undefined): unknown {
  if (bytes.length === 0) return undefined;
  const isJson = /^application\/([\w.-]+\+)?json *(;|$)/i.test(contentType ?? "");
  if (!isJson) throw new SyncError("BODY_NOT_JSON");
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SyncError("REQUEST_MALFORMED", {
      message: `the body is not JSON: ${error instanceof Error ? error.message : "unreadable"}`,
      cause: error,
    });
  }
}

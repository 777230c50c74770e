import * as z from "zod";
import type { Principal } from "../flows/accounts/authenticate.ts";
import type { Deps } from "../flows/deps.ts";
import type { AccountId } from "../model/ids.ts";

/** Who may call: anybody, the operator's tokens, or the tokens of an account. */
type Scope = "public" | "operator" | "account";

/** What this installation tells its users about itself. */
export interface Installation {
  readonly version: string;
  /** Null where no SFTP endpoint runs. */
  readonly sftp: { readonly host: string; readonly port: number; readonly hostKeyFingerprint: string } | null;
  /** Addresses that warehouses see us come from and that never change; none where there are no such. */
  readonly egressAddresses: readonly string[];
  /** True where warehouses see the addresses of the very machine that answers. @default false */
  readonly isThisMachine?: boolean;
}

export interface CallContext {
  readonly deps: Deps;
  readonly installation: Installation;
  readonly signal: AbortSignal;
}

/** The account stands in the token and nowhere else, so no request can name another's. */
export interface AccountContext extends CallContext {
  readonly accountId: AccountId;
}

/** A request as it comes over the wire, before any schema has seen it. */
interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The request does not fit the route's schemas. Each issue's path begins with `params`, `query` or `body`. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";
  readonly issues: readonly z.core.$ZodIssue[];

  constructor(cause: z.ZodError) {
    super("the request does not fit the route", { cause });
    this.issues = cause.issues;
  }
}

const nothing = z.strictObject({});
type Nothing = typeof nothing;

interface RouteSpec<Context, P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, Answer> {
  /** One sentence for the API's reference. */
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** @default 200 */
  readonly status?: 200 | 201 | 202 | 204;
  readonly run: (
    context: Context,
    request: { readonly params: z.infer<P>; readonly query: z.infer<Q>; readonly body: z.infer<B> },
  ) => Promise<Answer>;
}

/** What a caller hands over and gets; read by the typed client only. */
interface Wire<Params, Query, Body, Answer> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly answer: Answer;
}

/** A route of the table. Its schemas also draw reference and client. */
export interface Route<W = unknown> {
  readonly scope: Scope;
  readonly summary: string;
  readonly status: 200 | 201 | 202 | 204;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | null;
  /** Checks the request against the schemas and runs it. Throws `RequestRefused` before anything has happened. */
  readonly answer: (context: CallContext, principal: Principal | null, raw: RawRequest) => Promise<unknown>;
  /** Never there at run time. */
  readonly wire?: W;
}

/** Anybody may call it, without a token. */
export function publicRoute<Answer, P extends z.ZodObject = Nothing, Q extends z.ZodObject = Nothing>(
  spec: RouteSpec<CallContext, P, Q, z.ZodUndefined, Answer>,
): Route<Wire<z.input<P>, z.input<Q>, undefined, Answer>> {
  return route("public", spec, (context) => context);
}

/** Needs a token of the operator. */
export function operatorRoute<
  Answer,
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<CallContext, P, Q, B, Answer>): Route<Wire<z.input<P>, z.input<Q>, z.input<B>, Answer>> {
  return route("operator", spec, (context) => context);
}

/** Needs a token of an account, and sees nothing of any other. */
export function accountRoute<
  Answer,
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<AccountContext, P, Q, B, Answer>): Route<Wire<z.input<P>, z.input<Q>, z.input<B>, Answer>> {
  return route("account", spec, (context, principal) => {
    const accountId = principal?.accountId ?? null;
    if (accountId === null) throw new TypeError("an account route was run without an account's token");
    return { ...context, accountId };
  });
}

function route<Context, P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, Answer, W>(
  scope: Scope,
  spec: RouteSpec<Context, P, Q, B, Answer>,
  contextOf: (context: CallContext, principal: Principal | null) => Context,
): Route<W> {
  const request = z.object({
    params: spec.params ?? nothing,
    query: spec.query ?? nothing,
    body: spec.body ?? z.undefined(),
  });
  return {
    scope,
    summary: spec.summary,
    status: spec.status ?? 200,
    params: request.shape.params,
    query: request.shape.query,
    body: spec.body ?? null,
    answer: async (context, principal, raw) => {
      const parsed = request.safeParse(raw);
      if (!parsed.success) throw new RequestRefused(parsed.error);
      const checked = parsed.data as { params: z.infer<P>; query: z.infer<Q>; body: z.infer<B> };
      return spec.run(contextOf(context, principal), checked);
    },
  };
}

import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import * as z from "zod";
import type { Principal } from "../../lib/flows/accounts/authenticate.ts";
import { accountIdSchema, tokenIdSchema, userIdSchema } from "../../lib/flows/accounts/requests.ts";
import { answerCall, bodyBytesMax, failed, type HttpAnswer } from "../../lib/http/answer.ts";
import type { CallContext, Route } from "../../lib/http/route.ts";
import { routes } from "../../lib/http/routes.ts";
import { SyncError } from "../../lib/model/errors.ts";

/** What `authorize-call` leaves in the event: texts alone, so what is not there has no field. */
const AuthorizerContext = z.object({
  tokenId: tokenIdSchema,
  scope: z.enum(["operator", "account"]),
  accountId: accountIdSchema.nullable().default(null),
  userId: userIdSchema.nullable().default(null),
});

const routesByName: Readonly<Record<string, Route>> = routes;

/** Answers one call as API Gateway hands it over. Its token was looked up by the authoriser a moment ago. */
export async function answerEvent(
  context: CallContext,
  event: APIGatewayProxyEvent,
  signal: AbortSignal,
): Promise<APIGatewayProxyResult> {
  const { deps } = context;
  const startedAt = deps.clock.now();
  const answer = await answered({ ...context, signal }, event);
  deps.log("http", {
    method: event.httpMethod,
    path: event.path,
    status: answer.status,
    elapsedMs: deps.clock.now() - startedAt,
    tokenId: answer.principal?.tokenId ?? null,
  });
  return { statusCode: answer.status, headers: { ...answer.headers }, body: answer.body ?? "" };
}

async function answered(context: CallContext, event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  const name = `${event.httpMethod} ${event.resource}`;
  const route = Object.hasOwn(routesByName, name) ? routesByName[name] : undefined;
  if (route === undefined) return failed(context.deps, new SyncError("NOT_FOUND"), event.path);
  return answerCall(context, async () => principalOf(event), route, {
    path: event.path,
    params: mapped(event.pathParameters, decoded),
    query: mapped(event.multiValueQueryStringParameters, (values) => values[0] ?? ""),
    authorization: headerOf(event, "authorization"),
    contentType: headerOf(event, "content-type"),
    body: async () => bodyOf(event),
  });
}

function principalOf(event: APIGatewayProxyEvent): Principal {
  const parsed = AuthorizerContext.safeParse(event.requestContext.authorizer);
  if (!parsed.success) throw new SyncError("UNAUTHORIZED", { cause: parsed.error });
  return parsed.data;
}

/** API Gateway leaves the case of names to the caller. */
function headerOf(event: APIGatewayProxyEvent, name: string): string | undefined {
  return Object.entries(event.headers ?? {}).find(([given]) => given.toLowerCase() === name)?.[1];
}

function bodyOf({ body, isBase64Encoded }: APIGatewayProxyEvent): Uint8Array {
  const bytes = Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8");
  if (bytes.length > bodyBytesMax) throw new SyncError("BODY_TOO_LARGE");
  return bytes;
}

/** As the path spells it; what is no valid escape stays, and is the id of nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function mapped<Value>(
  given: Readonly<Record<string, Value | undefined>> | null,
  change: (value: Value) => string,
): Record<string, string> {
  const entries = Object.entries(given ?? {});
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, change(value)]])));
}

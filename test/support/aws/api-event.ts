import type { APIGatewayProxyEvent } from "aws-lambda";

export interface ApiCall {
  /** `METHOD /path/{param}` */
  readonly route: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, readonly string[]>>;
  readonly body?: unknown;
  readonly isBase64?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the authoriser left in the event. */
  readonly authorizer?: Readonly<Record<string, unknown>>;
}

/** A call as API Gateway's REST proxy integration hands it to a function. */
export function apiEvent(call: ApiCall): APIGatewayProxyEvent {
  const [httpMethod = "", resource = ""] = call.route.split(" ");
  const { params = {}, query = {}, body, isBase64 = false, authorizer = {} } = call;
  const path = resource.replaceAll(/\{(\w+)\}/g, (_match, name: string) => params[name] ?? "");
  const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
  const headers = { Authorization: "Bearer ws-token", "Content-Type": "application/json", ...call.headers };
  const requestContext: Partial<APIGatewayProxyEvent["requestContext"]> = {
    requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    httpMethod,
    path: `/v1${path}`,
    stage: "v1",
    authorizer,
  };
  return {
    httpMethod,
    resource,
    path,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    pathParameters: Object.keys(params).length === 0 ? null : params,
    queryStringParameters: Object.fromEntries(Object.entries(query).map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: Object.fromEntries(
      Object.entries(query).map(([name, values]) => [name, [...values]]),
    ),
    stageVariables: null,
    body: text !== null && isBase64 ? Buffer.from(text).toString("base64") : text,
    isBase64Encoded: isBase64,
    requestContext: requestContext as APIGatewayProxyEvent["requestContext"],
  };
}

import * as apigateway from "aws-cdk-lib/aws-apigateway";
import { type ErrorCode, errorCodes } from "../../model/error-codes.ts";

interface Refusal {
  readonly type: apigateway.ResponseType;
  readonly code: ErrorCode;
  /** Left out for a group of answers, each of which has its own. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What API Gateway adds in words. */
  readonly detail?: string;
}

const { ResponseType } = apigateway;

/** Every answer that API Gateway gives without asking us, in our words. https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html */
const refusals: readonly Refusal[] = [
  {
    type: ResponseType.UNAUTHORIZED,
    code: "UNAUTHORIZED",
    status: 401,
    headers: { "WWW-Authenticate": 'Bearer realm="warehouse-sync"' },
  },
  { type: ResponseType.ACCESS_DENIED, code: "FORBIDDEN", status: 403 },
  // So it calls an address that no route has.
  { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, code: "NOT_FOUND", status: 404 },
  { type: ResponseType.RESOURCE_NOT_FOUND, code: "NOT_FOUND", status: 404 },
  {
    type: ResponseType.BAD_REQUEST_BODY,
    code: "REQUEST_INVALID",
    status: 422,
    detail: "$context.error.validationErrorString",
  },
  {
    type: ResponseType.BAD_REQUEST_PARAMETERS,
    code: "REQUEST_INVALID",
    status: 422,
    detail: "$context.error.validationErrorString",
  },
  { type: ResponseType.REQUEST_TOO_LARGE, code: "BODY_TOO_LARGE", status: 413 },
  { type: ResponseType.UNSUPPORTED_MEDIA_TYPE, code: "BODY_NOT_JSON", status: 415 },
  { type: ResponseType.THROTTLED, code: "TOO_MANY_REQUESTS", status: 429, headers: { "Retry-After": "1" } },
  { type: ResponseType.AUTHORIZER_FAILURE, code: "UNKNOWN", status: 500 },
  { type: ResponseType.AUTHORIZER_CONFIGURATION_ERROR, code: "UNKNOWN", status: 500 },
  { type: ResponseType.INTEGRATION_FAILURE, code: "UNKNOWN", status: 502 },
  { type: ResponseType.INTEGRATION_TIMEOUT, code: "UNKNOWN", status: 504 },
  { type: ResponseType.DEFAULT_4XX, code: "REQUEST_MALFORMED" },
  { type: ResponseType.DEFAULT_5XX, code: "UNKNOWN" },
];

/** Makes API Gateway refuse as we do: problem details of RFC 9457 with a stable code and its fix. */
export function addGatewayResponses(api: apigateway.RestApi): void {
  for (const { type, code, status, headers, detail } of refusals) {
    const quoted = Object.entries({
      ...headers,
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
    });
    api.addGatewayResponse(type.responseType, {
      type,
      ...(status === undefined ? {} : { statusCode: String(status) }),
      responseHeaders: Object.fromEntries(quoted.map(([name, value]) => [name, `'${value}'`])),
      templates: { "application/json": problem(code, status, detail) },
    });
  }
}

/** A template without logic: API Gateway replaces names that begin with `$` and leaves all else. */
function problem(code: ErrorCode, status: number | undefined, detail: string | undefined): string {
  const { text, fix } = errorCodes[code];
  return JSON.stringify({
    type: `urn:warehouse-sync:error:${code}`,
    title: text,
    ...(status === undefined ? {} : { status }),
    detail: detail ?? text,
    instance: "$context.path",
    code,
    fix,
  });
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { APIGatewayAuthorizerResult, APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { type LoopbackServer, serveLoopback } from "../loopback.ts";
import { awsAccount, region, type TemplateValues } from "./template-values.ts";

interface ApiMethod {
  readonly verb: string;
  /** `/users/{userId}/keys` */
  readonly resource: string;
  readonly functionArn: string;
  readonly hasAuthorizer: boolean;
  readonly requiredParameters: readonly string[];
}

interface ApiAuthorizer {
  readonly id: string;
  readonly functionArn: string;
  readonly expression: RegExp;
}

export interface ApiGatewayOptions {
  readonly values: TemplateValues;
  readonly invoke: (functionArn: string, event: unknown) => Promise<unknown>;
  readonly mayCall: (functionArn: string, service: string, sourceArn: string) => boolean;
}

/** Plays the REST API of the templates on loopback: resources, authoriser, proxy integration. Models are left to the function. */
export async function startApiGateway({ values, invoke, mayCall }: ApiGatewayOptions): Promise<LoopbackServer> {
  const api = values.only("AWS::ApiGateway::RestApi").attribute("Ref");
  const stage = values.only("AWS::ApiGateway::Stage").attribute("Ref");
  const methods = methodsOf(values);
  const authorizer = authorizerOf(values);
  const call = async (functionArn: string, sourceArn: string, event: unknown) => {
    if (!mayCall(functionArn, "apigateway.amazonaws.com", sourceArn))
      throw new TypeError(`the API may not call ${functionArn}`);
    return invoke(functionArn, event);
  };
  const apiArn = `arn:aws:execute-api:${region}:${awsAccount}:${api}`;
  const server = await serveLoopback(async (request, response) => {
    const url = new URL(request.url ?? "", "http://loopback");
    const path = url.pathname.replace(`/${stage}`, "");
    const found = methodFor(methods, request.method ?? "", path);
    if (found === undefined) return refuse(response, 403, "Missing Authentication Token");
    const methodArn = `${apiArn}/${stage}/${found.method.verb}${path}`;
    const missing = found.method.requiredParameters.filter((name) => found.params[name] === undefined);
    const known = found.method.hasAuthorizer
      ? await authorized(request, authorizer, methodArn, (event) =>
          call(authorizer.functionArn, `${apiArn}/authorizers/${authorizer.id}`, event),
        )
      : {};
    if (known === undefined) return refuse(response, 401, "Unauthorized");
    if (missing.length > 0) return refuse(response, 400, `Missing required request parameters: [${missing}]`);
    const event = await proxyEvent(request, url, { path, stage, ...found, authorizer: known });
    const answer = (await call(found.method.functionArn, methodArn, event)) as APIGatewayProxyResult;
    response.writeHead(answer.statusCode, answer.headers as Record<string, string>).end(answer.body);
  });
  return { ...server, endpoint: `${server.endpoint}/${stage}` };
}

function methodsOf(values: TemplateValues): readonly ApiMethod[] {
  const parts = new Map(values.all("AWS::ApiGateway::Resource").map((each) => [each.id, each]));
  const pathOf = (id: string): string => {
    const part = parts.get(id);
    return part === undefined ? "" : `${pathOf(String(part.get("ParentId")))}/${part.get("PathPart")}`;
  };
  return values.all("AWS::ApiGateway::Method").map((each) => {
    const { Uri } = each.get("Integration") as { readonly Uri: string };
    const parameters = Object.entries((each.get("RequestParameters") ?? {}) as Readonly<Record<string, boolean>>);
    return {
      verb: String(each.get("HttpMethod")),
      resource: pathOf(String(each.get("ResourceId"))) || "/",
      functionArn: functionIn(Uri),
      hasAuthorizer: each.get("AuthorizationType") === "CUSTOM",
      requiredParameters: parameters
        .filter(([name, isRequired]) => isRequired && name.startsWith("method.request.path."))
        .map(([name]) => name.split(".").at(-1) ?? ""),
    };
  });
}

function authorizerOf(values: TemplateValues): ApiAuthorizer {
  const authorizer = values.only("AWS::ApiGateway::Authorizer");
  return {
    id: authorizer.attribute("Ref"),
    functionArn: functionIn(String(authorizer.get("AuthorizerUri"))),
    expression: new RegExp(String(authorizer.get("IdentityValidationExpression"))),
  };
}

/** `arn:…:lambda:path/2015-03-31/functions/<arn>/invocations` */
function functionIn(uri: string): string {
  return /functions\/(.+)\/invocations$/.exec(uri)?.[1] ?? "";
}

interface Found {
  readonly method: ApiMethod;
  readonly params: Readonly<Record<string, string>>;
}

/** A literal part goes before a parameter. */
function methodFor(methods: readonly ApiMethod[], verb: string, path: string): Found | undefined {
  const found = methods.flatMap((method): readonly Found[] => {
    const pattern = method.resource.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
    const match = method.verb === verb ? new RegExp(`^${pattern}$`).exec(path) : null;
    return match === null ? [] : [{ method, params: { ...match.groups } }];
  });
  return found.sort((a, b) => Object.keys(a.params).length - Object.keys(b.params).length)[0];
}

/** What the authoriser leaves for the function; undefined where it says no. */
async function authorized(
  request: IncomingMessage,
  { expression }: ApiAuthorizer,
  methodArn: string,
  ask: (event: unknown) => Promise<unknown>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const authorizationToken = request.headers.authorization ?? "";
  if (!expression.test(authorizationToken)) return undefined;
  try {
    const result = (await ask({ type: "TOKEN", authorizationToken, methodArn })) as APIGatewayAuthorizerResult;
    const allows = result.policyDocument.Statement.some(
      (statement) =>
        statement.Effect === "Allow" &&
        "Resource" in statement &&
        new RegExp(`^${String(statement.Resource).replaceAll("*", ".*")}$`).test(methodArn),
    );
    return allows ? { principalId: result.principalId, ...result.context } : undefined;
  } catch (error) {
    // The one error that API Gateway takes for a no.
    if ((error as Error).message === "Unauthorized") return undefined;
    throw error;
  }
}

interface Call extends Found {
  readonly path: string;
  readonly stage: string;
  readonly authorizer: Readonly<Record<string, unknown>>;
}

async function proxyEvent(request: IncomingMessage, url: URL, call: Call): Promise<APIGatewayProxyEvent> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { path, stage, method, params, authorizer } = call;
  const queries = [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)] as const);
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const);
  const context: Partial<APIGatewayProxyEvent["requestContext"]> = {
    requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    httpMethod: method.verb,
    path: `/${stage}${path}`,
    stage,
    authorizer,
  };
  return {
    httpMethod: method.verb,
    resource: method.resource,
    path,
    headers: Object.fromEntries(headers),
    multiValueHeaders: Object.fromEntries(headers.map(([name, value]) => [name, [value]])),
    pathParameters: Object.keys(params).length === 0 ? null : params,
    queryStringParameters: Object.fromEntries(queries.map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: Object.fromEntries(queries.map(([name, values]) => [name, [...values]])),
    stageVariables: null,
    body: chunks.length === 0 ? null : Buffer.concat(chunks).toString("utf8"),
    isBase64Encoded: false,
    requestContext: context as APIGatewayProxyEvent["requestContext"],
  };
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ message }));
}

import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { Route } from "../../lib/http/route.ts";
import { routes } from "../../lib/http/routes.ts";
import { Api } from "../../lib/infra/constructs/api.ts";
import { bodyModel } from "../../lib/infra/constructs/body-model.ts";
import { errorCodes } from "../../lib/model/error-codes.ts";
import { type Bench, bench, findings, onlyResource, resources } from "./support/stand-ins.ts";

const table = Object.entries(routes) as [string, Route][];

function withApi(options: Readonly<Record<string, unknown>> = {}) {
  const made = bench(options);
  const { config, stack, functions } = made;
  const api = new Api(stack, "Api", { config, functions, stored: made.data.storage });
  return { ...made, api, template: made.template() };
}

let template: ReturnType<Bench["template"]>;
let made: ReturnType<typeof withApi>;
beforeAll(() => {
  made = withApi();
  template = made.template;
});

/** Every method of the template by `METHOD /path/{param}`. */
function methods(): Map<string, Readonly<Record<string, unknown>>> {
  const parts = resources(template, "AWS::ApiGateway::Resource");
  const pathOf = (reference: unknown): string => {
    const part = parts[(reference as { readonly Ref?: string }).Ref ?? ""];
    return part === undefined ? "" : `${pathOf(part["ParentId"])}/${String(part["PathPart"])}`;
  };
  return new Map(
    Object.values(resources(template, "AWS::ApiGateway::Method")).map((method) => [
      `${String(method["HttpMethod"])} ${pathOf(method["ResourceId"])}`,
      method,
    ]),
  );
}

describe("the API", () => {
  test("has every route of the table and no other", () => {
    expect([...methods().keys()].sort()).toEqual(table.map(([name]) => name).sort());
  });

  test("asks the authoriser on every route but the public ones, and keeps none of its answers", () => {
    for (const [name, route] of table)
      expect(methods().get(name), name).toMatchObject(
        route.scope === "public"
          ? { AuthorizationType: "NONE" }
          : { AuthorizationType: "CUSTOM", AuthorizerId: expect.anything() },
      );
    expect(onlyResource(template, "AWS::ApiGateway::Authorizer")).toMatchObject({
      Type: "TOKEN",
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: "method.request.header.Authorization",
    });
  });

  test("checks parameters everywhere and bodies where there is one", () => {
    for (const [name, route] of table) {
      const method = methods().get(name);
      expect(method, name).toMatchObject({ RequestValidatorId: expect.anything() });
      expect(method?.["RequestModels"] !== undefined, name).toBe(route.body !== null);
      const params = [...name.matchAll(/\{(\w+)\}/g)].map((match) => [`method.request.path.${match[1]}`, true]);
      expect(method?.["RequestParameters"] ?? {}, name).toMatchObject(Object.fromEntries(params));
    }
  });

  test("is answered by one function, which needs one permission", () => {
    for (const method of methods().values())
      expect(JSON.stringify(method["Integration"])).toContain("StandInanswercall");
    const permissions = Object.values(resources(template, "AWS::Lambda::Permission"));
    expect(permissions).toHaveLength(2);
    for (const permission of permissions) expect(permission["SourceArn"]).toBeDefined();
  });

  test("throttles and traces, pays for no metric by method, and logs calls without what they carry", () => {
    const stage = onlyResource(template, "AWS::ApiGateway::Stage");

    expect(stage).toMatchObject({
      TracingEnabled: true,
      AccessLogSetting: { Format: expect.not.stringMatching(/header|authorizationToken|requestOverride|body/i) },
    });
    expect(stage["MethodSettings"]).toContainEqual(
      expect.objectContaining({
        HttpMethod: "*",
        LoggingLevel: "OFF",
        DataTraceEnabled: false,
        MetricsEnabled: false,
        ThrottlingRateLimit: 100,
      }),
    );
    const settings = stage["MethodSettings"] as readonly Record<string, unknown>[];
    for (const setting of settings.filter((each) => each["ResourcePath"] !== "/*"))
      expect(table.map(([name]) => name)).toContain(
        `${String(setting["HttpMethod"])} ${String(setting["ResourcePath"]).slice(1).replaceAll("~1", "/")}`,
      );
  });

  test("refuses in problem details with our codes, whatever the reason", () => {
    const refusals = Object.values(resources(template, "AWS::ApiGateway::GatewayResponse"));
    const codes = new Map(
      refusals.map((refusal) => {
        const { "application/json": text } = refusal["ResponseTemplates"] as { readonly "application/json": string };
        const problem = JSON.parse(text) as Record<string, unknown>;
        expect(Object.keys(errorCodes)).toContain(problem["code"]);
        expect(problem["status"] ?? refusal["StatusCode"]).toBe(
          refusal["StatusCode"] === undefined ? undefined : Number(refusal["StatusCode"]),
        );
        return [refusal["ResponseType"], `${String(refusal["StatusCode"])} ${String(problem["code"])}`];
      }),
    );

    expect(codes.get("UNAUTHORIZED")).toBe("401 UNAUTHORIZED");
    expect(codes.get("MISSING_AUTHENTICATION_TOKEN")).toBe("404 NOT_FOUND");
    expect(codes.get("BAD_REQUEST_BODY")).toBe("422 REQUEST_INVALID");
    expect(codes.get("THROTTLED")).toBe("429 TOO_MANY_REQUESTS");
    expect(codes.has("DEFAULT_4XX") && codes.has("DEFAULT_5XX")).toBe(true);
    const throttled = refusals.find((each) => each["ResponseType"] === "THROTTLED");
    expect(throttled?.["ResponseParameters"]).toMatchObject({ "gatewayresponse.header.Retry-After": "'1'" });
  });

  test("stays at its own address where there is no other", () => {
    expect(resources(template, "AWS::ApiGateway::DomainName")).toEqual({});
    expect(onlyResource(template, "AWS::ApiGateway::RestApi")).toMatchObject({
      DisableExecuteApiEndpoint: false,
      EndpointConfiguration: { Types: ["REGIONAL"] },
    });
  });

  test("is reached by the operator's own name alone, over TLS 1.2, where there is one", () => {
    const named = withApi({
      apiDomain: {
        name: "api.example.com",
        certificateArn: "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b-2c3d",
        hostedZone: { id: "Z0123456789", name: "example.com" },
      },
    });

    expect(named.api.address).toBe("https://api.example.com");
    expect(onlyResource(named.template, "AWS::ApiGateway::RestApi")["DisableExecuteApiEndpoint"]).toBe(true);
    expect(onlyResource(named.template, "AWS::ApiGateway::DomainName")["SecurityPolicy"]).toBe("TLS_1_2");
    expect(onlyResource(named.template, "AWS::Route53::RecordSet")).toMatchObject({ Name: "api.example.com." });
  });

  test("leaves cdk-nag nothing to find", () => {
    expect(findings(made.stack)).toEqual([]);
  });
});

describe("a body's model", () => {
  test("keeps shape and bounds, and leaves out what API Gateway reads otherwise", () => {
    const schema = z.strictObject({
      name: z.string().min(1).max(100),
      prefix: z
        .string()
        .regex(/^[a-z]+$/)
        .default("x")
        .describe("First part"),
      kinds: z
        .array(z.enum(["a", "b"]))
        .min(1)
        .nullable()
        .optional(),
      settings: z.record(z.string(), z.unknown()),
    });

    expect(bodyModel(schema)).toEqual({
      schema: "http://json-schema.org/draft-04/schema#",
      type: "object",
      required: ["name", "settings"],
      additionalProperties: false,
      properties: {
        name: { type: "string", minLength: 1, maxLength: 100 },
        prefix: { type: "string" },
        kinds: {
          anyOf: [{ type: "array", minItems: 1, items: { type: "string", enum: ["a", "b"] } }, { type: "null" }],
        },
        settings: { type: "object" },
      },
    });
  });
});

import type { JsonSchema } from "aws-cdk-lib/aws-apigateway";
import * as z from "zod";

type Schema = Readonly<Record<string, unknown>>;

/** Words of JSON Schema draft 4 that API Gateway checks. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html */
const keptWords = ["type", "enum", "required", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"];

/**
 * A route's body as a model of API Gateway: its shape, without defaults, descriptions and patterns, whose dialect is not
 * ours. What it lets through is checked again, by the whole schema, where the route runs.
 */
export function bodyModel(body: z.ZodType): JsonSchema {
  const schema = z.toJSONSchema(body, { target: "draft-4", io: "input", unrepresentable: "any" });
  return { schema: "http://json-schema.org/draft-04/schema#", ...cleaned(schema as Schema) } as JsonSchema;
}

function cleaned(schema: Schema): Schema {
  const { properties, items, anyOf, additionalProperties } = schema;
  return {
    ...Object.fromEntries(keptWords.flatMap((word) => (word in schema ? [[word, schema[word]]] : []))),
    ...(isSchema(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, each]) => [name, cleaned(each as Schema)]),
          ),
        }
      : {}),
    ...(isSchema(items) ? { items: cleaned(items) } : {}),
    ...(Array.isArray(anyOf) ? { anyOf: anyOf.map((each) => cleaned(each as Schema)) } : {}),
    ...(typeof additionalProperties === "boolean" ? { additionalProperties } : {}),
    ...(isSchema(additionalProperties) && Object.keys(additionalProperties).length > 0
      ? { additionalProperties: cleaned(additionalProperties) }
      : {}),
  };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The parameters of a request as API Gateway wants them named, and whether each must be there. */
export function requestParameters(params: z.ZodObject, query: z.ZodObject): Record<string, boolean> {
  return Object.fromEntries([
    ...Object.keys(params.shape).map((name) => [`method.request.path.${name}`, true]),
    ...Object.entries(query.shape).map(([name, schema]) => [
      `method.request.querystring.${name}`,
      !z.safeParse(schema as z.ZodType, undefined).success,
    ]),
  ]);
}

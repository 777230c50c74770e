import type { Asked } from "../../../../lib/destinations/stand-ins/evaluate-policy.ts";
import { awsAccount, region } from "./template-values.ts";

type Json = Readonly<Record<string, unknown>>;

const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${awsAccount}:${rest}`;

/** What a call of a service that speaks JSON asks of IAM; `operation` is the last part of `x-amz-target`. */
export function askedOfService(service: string, operation: string, input: Json): readonly Asked[] {
  switch (service) {
    case "dynamodb":
      return askedOfDynamoDb(operation, input);
    case "secretsmanager": {
      // IAM sees the name with six characters behind it.
      const resource = arn("secretsmanager", `secret:${input["SecretId"] ?? input["Name"]}-AbCdEf`);
      const also = operation === "CreateSecret" && input["Tags"] !== undefined ? ["TagResource"] : [];
      return [operation, ...also].map((action) => ({ action: `secretsmanager:${action}`, resource }));
    }
    case "states":
      return [{ action: `states:${operation}`, resource: String(input["stateMachineArn"] ?? input["executionArn"]) }];
    case "transfer":
      return askedOfTransfer(operation, input);
    default:
      throw new TypeError(`nobody knows what ${service} asks`);
  }
}

const writes = {
  Put: "PutItem",
  Delete: "DeleteItem",
  Update: "UpdateItem",
  ConditionCheck: "ConditionCheckItem",
} as const;

function askedOfDynamoDb(operation: string, input: Json): readonly Asked[] {
  if (operation !== "TransactWriteItems") return [askedOfItem(operation, input)];
  return (input["TransactItems"] as readonly Json[]).flatMap((each) =>
    Object.entries(each).map(([kind, write]) => askedOfItem(writes[kind as keyof typeof writes], write as Json)),
  );
}

function askedOfItem(action: string, input: Json): Asked {
  return {
    action: `dynamodb:${action}`,
    resource: arn("dynamodb", `table/${input["TableName"]}`),
    context: { "dynamodb:LeadingKeys": [partitionOf(input)] },
  };
}

function partitionOf(input: Json): string {
  const item = (input["Key"] ?? input["Item"]) as { readonly pk: { readonly S: string } } | undefined;
  if (item !== undefined) return item.pk.S;
  const names = (input["ExpressionAttributeNames"] ?? {}) as Readonly<Record<string, string>>;
  const values = input["ExpressionAttributeValues"] as Readonly<Record<string, { readonly S: string }>>;
  const [, name = "", value = ""] = /([#\w]+) = (:\w+)/.exec(String(input["KeyConditionExpression"])) ?? [];
  const partition = values[value]?.S;
  if ((names[name] ?? name) !== "pk" || partition === undefined) throw new TypeError("a query names its partition");
  return partition;
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awstransferfamily.html */
function askedOfTransfer(operation: string, input: Json): readonly Asked[] {
  const server = arn("transfer", `server/${input["ServerId"]}`);
  const user = arn("transfer", `user/${input["ServerId"]}/${input["UserName"]}`);
  const own: Asked = { action: `transfer:${operation}`, resource: operation === "CreateUser" ? server : user };
  const passes: Asked = {
    action: "iam:PassRole",
    resource: String(input["Role"]),
    context: { "iam:PassedToService": "transfer.amazonaws.com" },
  };
  return [
    own,
    ...(input["Role"] === undefined ? [] : [passes]),
    ...(operation === "CreateUser" && input["Tags"] !== undefined
      ? [{ action: "transfer:TagResource", resource: user }]
      : []),
  ];
}

/** What AWS does with the key behind a call, in the caller's name. */
export function askedOfKey(service: string, action: string, keyArn: string): readonly Asked[] {
  const verb = action.split(":")[1] ?? "";
  const context = { "kms:ViaService": `${service}.${region}.amazonaws.com` };
  const uses = (name: string): Asked => ({ action: `kms:${name}`, resource: keyArn, context });
  if (service === "dynamodb") return [uses("Decrypt")];
  if (/^(PutObject|CreateSecret|PutSecretValue|StartExecution)$/.test(verb)) return [uses("GenerateDataKey")];
  if (/^(GetObject|GetObjectVersion|GetSecretValue)$/.test(verb)) return [uses("Decrypt")];
  return [];
}

import type { Answer, CallDynalite, Json } from "./dynalite-call.ts";

/** One entry of `TransactItems`: its kind, and the input that the single operation of that kind takes. */
interface TransactWrite {
  readonly kind: "Put" | "Delete" | "Update" | "ConditionCheck";
  readonly input: Json;
}

const operations = {
  Put: "PutItem",
  Delete: "DeleteItem",
  Update: "UpdateItem",
  ConditionCheck: "UpdateItem",
} as const;

/** An error as DynamoDB words it. */
export function failure(type: string, message: string, more: Json = {}, status = 400): Answer {
  const body = JSON.stringify({
    __type: `com.amazonaws.dynamodb.v20120810#${type}`,
    message,
    Message: message,
    ...more,
  });
  return { status, headers: { "content-type": "application/x-amz-json-1.0" }, body };
}

/** A cancelled transaction; `codes` has one per write, `None` for those that held nothing up. */
export function cancelled(codes: readonly string[]): Answer {
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(", ")}]`;
  return failure("TransactionCanceledException", message, { CancellationReasons: codes.map((Code) => ({ Code })) });
}

export function writesOf(request: Json): TransactWrite[] {
  return (request["TransactItems"] as Json[]).map((entry) => {
    const [kind = "", input] = Object.entries(entry)[0] ?? [];
    return { kind: kind as TransactWrite["kind"], input: input as Json };
  });
}

/** The items a transaction names, as text. */
export async function keysOf(call: CallDynalite, writes: readonly TransactWrite[]): Promise<string[]> {
  return Promise.all(writes.map(async ({ input }) => JSON.stringify([input["TableName"], await keyOf(call, input)])));
}

async function keyOf(call: CallDynalite, input: Json): Promise<Json> {
  const item = input["Item"] as Json | undefined;
  if (item === undefined) return input["Key"] as Json;
  const names = await keyNames(call, String(input["TableName"]));
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

const knownKeyNames = new WeakMap<CallDynalite, Map<string, readonly string[]>>();

async function keyNames(call: CallDynalite, tableName: string): Promise<readonly string[]> {
  const known = knownKeyNames.get(call) ?? new Map<string, readonly string[]>();
  knownKeyNames.set(call, known);
  const found = known.get(tableName);
  if (found !== undefined) return found;
  const { body } = await call("DescribeTable", { TableName: tableName });
  const schema = (JSON.parse(body) as { Table: { KeySchema: { AttributeName: string }[] } }).Table.KeySchema;
  const names = schema.map(({ AttributeName }) => AttributeName);
  known.set(tableName, names);
  return names;
}

/**
 * Applies writes one by one, each under its condition, and takes all back where one fails. The caller sees to it that
 * nobody else reads or writes meanwhile.
 */
export async function runTransaction(call: CallDynalite, writes: readonly TransactWrite[]): Promise<Answer> {
  const undo: { readonly isCheck: boolean; readonly run: () => Promise<unknown> }[] = [];
  const codes: string[] = [];
  let refused: Answer | undefined;
  for (const { kind, input } of writes) {
    const answer = await call(operations[kind], { ...input, ReturnValues: "ALL_OLD" });
    const body = JSON.parse(answer.body) as Json;
    if (answer.status === 200) {
      codes.push("None");
      const key = await keyOf(call, input);
      undo.push({ isCheck: kind === "ConditionCheck", run: () => restore(call, input, key, body["Attributes"]) });
    } else if (String(body["__type"]).endsWith("#ConditionalCheckFailedException")) {
      codes.push("ConditionalCheckFailed");
    } else {
      refused = answer;
      break;
    }
  }
  const isDone = refused === undefined && codes.every((code) => code === "None");
  // A check is made as an update that changes nothing; on an item that is not there it leaves an empty one.
  for (const { isCheck, run } of undo.toReversed()) if (!isDone || isCheck) await run();
  if (refused !== undefined) return refused;
  return isDone
    ? { status: 200, headers: { "content-type": "application/x-amz-json-1.0" }, body: "{}" }
    : cancelled(codes);
}

function restore(call: CallDynalite, input: Json, key: Json, old: unknown): Promise<Answer> {
  const TableName = input["TableName"];
  return old === undefined ? call("DeleteItem", { TableName, Key: key }) : call("PutItem", { TableName, Item: old });
}

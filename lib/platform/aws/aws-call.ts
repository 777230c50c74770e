import { s3CallsOf } from "./s3-calls.ts";

/** `"<IAM action> <resource>"`, the resource by our own short name: `dynamodb:GetItem table`, `s3:GetObject bucket/inbox`, `states:StartExecution machine/sync`. */
export type AwsCall = `${string}:${string} ${string}`;

/** Whoever takes note of calls: the log at debug level, or a test. */
export type NoteCall = (call: AwsCall) => void;

type Input = Readonly<Record<string, unknown>>;
type CallsOf = (command: string, input: Input) => readonly AwsCall[];

/** By the name of the client's class, without `Client`. */
const services: Readonly<Record<string, CallsOf>> = {
  CloudFormation: (command) => [`cloudformation:${command} stack`],
  DynamoDB: tableCalls,
  Lambda: (_, input) => [`lambda:InvokeFunction ${functionName(input)}`],
  S3: s3CallsOf,
  SFN: (command, input) => [
    `states:${command} machine/${machineOf(String(input["stateMachineArn"] ?? input["executionArn"]))}`,
  ],
  STS: roleCalls,
  SecretsManager: (command, input) => [
    `secretsmanager:${command} secret`,
    ...(command === "CreateSecret" && input["Tags"] !== undefined ? [secretTag] : []),
  ],
  Transfer: transferCalls,
};

const secretTag: AwsCall = "secretsmanager:TagResource secret";

/**
 * What one command asks of IAM. `service` is the client's class without `Client`, `command` the command's without
 * `Command`. What KMS does behind a call, and `s3:ListBucket` that turns a 403 into a 404, is not among them.
 */
export function callsOf(service: string, command: string, input: object): readonly AwsCall[] {
  const calls = Object.hasOwn(services, service) ? services[service] : undefined;
  return calls?.(command, input as Input) ?? [`${service.toLowerCase()}:${command} unknown`];
}

/** As much of any SDK client as taking note needs. */
interface NotableClient {
  readonly middlewareStack: {
    add(
      middleware: <Next extends (args: never) => unknown>(
        next: Next,
        context: { readonly clientName?: string; readonly commandName?: string },
      ) => Next,
      options: { readonly step: "initialize"; readonly name: string },
    ): void;
  };
}

/** Tells `note` of each command that a client sends, also of those it only signs; once, however often it is tried. */
export function noteCalls(client: NotableClient, note: NoteCall): void {
  client.middlewareStack.add(
    <Next extends (args: never) => unknown>(next: Next, { clientName = "", commandName = "" }) => {
      const [service, command] = [clientName.replace(/Client$/, ""), commandName.replace(/Command$/, "")];
      const noting = (args: never) => {
        for (const call of callsOf(service, command, (args as { readonly input: object }).input)) note(call);
        return next(args);
      };
      return noting as Next;
    },
    { step: "initialize", name: "noteCalls" },
  );
}

/** A transaction is allowed by the actions of its writes. */
function tableCalls(command: string, input: Input): readonly AwsCall[] {
  switch (command) {
    case "TransactWriteItems": {
      const writes = (input["TransactItems"] ?? []) as readonly Readonly<Record<string, unknown>>[];
      const actions = {
        Put: "PutItem",
        Delete: "DeleteItem",
        Update: "UpdateItem",
        ConditionCheck: "ConditionCheckItem",
      };
      return unique(
        writes.flatMap((write) =>
          Object.entries(actions)
            .filter(([kind]) => write[kind] !== undefined)
            .map(([, action]) => `dynamodb:${action} table` as const),
        ),
      );
    }
    case "TransactGetItems":
      return ["dynamodb:GetItem table"];
    default:
      return [`dynamodb:${command} table`];
  }
}

/** Creating or changing a user hands over the role by which Transfer Family reaches the bucket. */
function transferCalls(command: string, input: Input): readonly AwsCall[] {
  return [
    `transfer:${command} sftp`,
    ...(input["Role"] === undefined ? [] : (["iam:PassRole role/sftp"] as const)),
    ...(command === "CreateUser" && input["Tags"] !== undefined ? (["transfer:TagResource sftp"] as const) : []),
  ];
}

/** The only role that our code takes on is that of a writer for one account. */
function roleCalls(command: string, input: Input): readonly AwsCall[] {
  const call: AwsCall = `sts:${command} role/writer`;
  return input["Tags"] === undefined ? [call] : [call, "sts:TagSession role/writer"];
}

/** All writers are one resource; another function goes by what follows the stack's name, which is not known here. */
function functionName(input: Input): string {
  const name = String(input["FunctionName"]);
  return /-writer-[a-z0-9]+$/.test(name) ? "writer" : `function/${name}`;
}

const machineNames = ["import", "consolidate", "sync", "dispatch", "check-connection"] as const;

/** The machine of `…:stateMachine:<name>-<machine>` or of `…:execution:<name>-<machine>:<execution>`; an ARN of another form answers its sixth part. */
export function machineOf(arn: string): string {
  const physical = arn.split(":")[6] ?? "";
  return machineNames.find((machine) => physical.endsWith(`-${machine}`)) ?? physical;
}

function unique(calls: readonly AwsCall[]): readonly AwsCall[] {
  return [...new Set(calls)];
}

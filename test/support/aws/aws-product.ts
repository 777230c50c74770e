import { vi } from "vitest";
import { startS3 } from "../../../lib/destinations/stand-ins/s3/s3-server.ts";
import type { Deps } from "../../../lib/flows/deps.ts";
import { closeExecution } from "../../../lib/flows/dispatch/close-execution.ts";
import type { AccountId } from "../../../lib/model/ids.ts";
import { wireError } from "../../../lib/model/wire-error.ts";
import { type AwsCall, machineOf } from "../../../lib/platform/aws/aws-call.ts";
import { type AwsDeps, awsDeps } from "../../../lib/platform/aws/deps.ts";
import { callFunction } from "../../../lib/platform/embedded/call-function.ts";
import { systemClock, systemRandomness } from "../../../lib/platform/system-clock.ts";
import { anySignal } from "../account-rig.ts";
import { tempFolder } from "../temp-folder.ts";
import { testEnvironment } from "./aws-world.ts";
import { createStateTable, dynamoDbClient } from "./clients.ts";
import { startDynamoDb } from "./dynamodb-server.ts";
import { startLambdaServer } from "./lambda-server.ts";
import { startSecrets } from "./secrets-server.ts";
import { startStatesServer } from "./states-server.ts";
import { startStsServer } from "./sts-server.ts";
import { startTransferServer } from "./transfer-server.ts";

/** The product on AWS's adapters, every service on the loopback, every function in this process. */
export interface AwsProduct extends AsyncDisposable {
  /** The ports of a function by its name; of a writer those of one account. Calls through them are noted under the name. */
  depsOf(functionName: string, accountId?: AccountId): Deps;
  /** What each function has asked of IAM. */
  readonly made: ReadonlyMap<string, ReadonlySet<AwsCall>>;
  readonly users: ReadonlyMap<string, { readonly policy: string }>;
  /** Resolves when no execution runs any more. */
  settled(): Promise<void>;
}

const bucketName = "my-bucket";
const tableName = "my-table";

/** Starts it with one kind of warehouse, `memory`; `given` stands in for what the functions would reach outside AWS. */
export async function startAwsProduct(given: Pick<Deps, "destination" | "dial">): Promise<AwsProduct> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(tempFolder());
  const made = new Map<string, Set<AwsCall>>();
  const calls = (name: string, input: unknown, signal: AbortSignal) =>
    callAsLambda(() => callFunction(depsOf(name, accountIn(input)), name, input, signal));
  const [dynamoDb, s3, secrets, sts, transfer] = [
    opening.use(await startDynamoDb()),
    opening.use(await startS3({ bucketName })),
    opening.use(await startSecrets()),
    opening.use(await startStsServer()),
    opening.use(await startTransferServer()),
  ];
  const lambda = opening.use(
    await startLambdaServer((name, input) => calls(name.replace(/^my-sync-/, ""), input, anySignal)),
  );
  const states = opening.use(
    await startStatesServer({
      name: "my-sync",
      folder: "state-machines",
      runStep: calls,
      files: { get: (key) => depsOf("machine").files.get(key) },
      clock: systemClock,
      randomness: systemRandomness,
      wait: async () => {},
      onStatus: async ({ detail }) => {
        const end = { ...detail, machine: machineOf(detail.stateMachineArn), input: JSON.parse(detail.input) };
        await closeExecution(depsOf("close-execution"), end, anySignal);
      },
    }),
  );
  opening.defer(() => void vi.unstubAllEnvs());
  stubAddresses({
    DYNAMODB: dynamoDb.url,
    S3: s3.url,
    SECRETS_MANAGER: secrets.endpoint,
    STS: sts.endpoint,
    TRANSFER: transfer.endpoint,
    LAMBDA: lambda.endpoint,
    SFN: states.endpoint,
  });
  const client = dynamoDbClient(dynamoDb.url);
  await createStateTable(client, tableName);
  client.destroy();
  const environment = testEnvironment({
    WS_KINDS: "memory",
    WS_WRITER_ROLE_ARN: "arn:aws:iam::123456789012:role/my-sync-writer",
    WS_SFTP_SERVER_ID: transfer.serverId,
    WS_SFTP_ROLE_ARN: "arn:aws:iam::123456789012:role/my-sync-sftp-user",
    WS_STATE_MACHINE_PREFIX: states.machinePrefix,
  });
  const opened = new Map<string, AwsDeps>();
  const depsOf = (name: string, accountId?: AccountId): Deps => {
    const deps = opened.get(name) ?? awsDeps(environment, { scratchFolder: folder.path, log: noteUnder(made, name) });
    opened.set(name, deps);
    const isWriter = name.startsWith("writer-") && accountId !== undefined;
    return { ...(isWriter ? deps.forAccount(accountId) : deps), ...given };
  };
  opening.defer(() => {
    for (const deps of opened.values()) deps.engine.close();
  });
  const running = opening.move();
  return {
    depsOf,
    made,
    users: transfer.users,
    settled: () => states.workflows.settled(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function stubAddresses(addresses: Readonly<Record<string, string>>): void {
  const variables = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "AKIDTEST", AWS_SECRET_ACCESS_KEY: "test" };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  for (const [service, address] of Object.entries(addresses)) vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, address);
}

function noteUnder(made: Map<string, Set<AwsCall>>, name: string): Deps["log"] {
  const own = made.get(name) ?? new Set();
  made.set(name, own);
  return (event, fields) => void (event === "aws-call" && own.add(fields?.["call"] as AwsCall));
}

/** The account of a writer's call. */
function accountIn(input: unknown): AccountId | undefined {
  return (input as { readonly input?: { readonly accountId?: AccountId } } | null)?.input?.accountId;
}

/** Answers pass as JSON, errors by name and text. */
async function callAsLambda(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify((await call()) ?? null));
  } catch (error) {
    throw wireError(error);
  }
}

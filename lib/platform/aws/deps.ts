import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { loadDestination } from "../../destinations/registry.ts";
import { type Engine, startEngine } from "../../engine/engine.ts";
import type { Deps } from "../../flows/deps.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountId } from "../../model/ids.ts";
import { makeDial } from "../network/dial.ts";
import { systemClock, systemRandomness } from "../system-clock.ts";
import { awsClient, type ClientOptions, type CredentialsProvider } from "./clients.ts";
import { confinedFiles } from "./confined-files.ts";
import { Environment } from "./environment.ts";
import { openFiles } from "./files.ts";
import { functionAnswerMsMax } from "./invoke.ts";
import { noSftpUsers } from "./no-sftp.ts";
import { partialUploads } from "./partial-uploads.ts";
import { openStagingArea } from "./staging-area.ts";
import { openTable } from "./table.ts";
import { whenCalled } from "./when-called.ts";

export interface AwsDepsOptions {
  /** A folder on the disk of the function; made where it is not there. */
  readonly scratchFolder: string;
  /** Also gets each call to AWS, as the event `aws-call` with the field `call`: to be shown at debug level only. */
  readonly log: Deps["log"];
}

/** The ports of a function, on AWS. */
export interface AwsDeps extends Deps {
  /** In writers: the same, but with table, files and secrets that reach nothing but one account. Kept for the account's next call. */
  readonly forAccount: (accountId: AccountId) => Deps;
  /** What an execution was started with, by its ARN. */
  readonly executionInput: (executionArn: string) => Promise<unknown>;
}

type Stores = Pick<Deps, "table" | "files" | "secrets">;

/** Sessions that are kept open. */
const accountsMax = 20;
/** A virtual processor for so much memory: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const memoryMbPerThread = 1_769;
/** What of the memory DuckDB may take for its buffers; as much again goes to what it does not count. */
const bufferShare = 0.4;

/** The environment of this process, as `lib/infra` set it. Throws `ZodError` where it is not that. */
export function awsEnvironment(): Environment {
  return Environment.parse(process.env);
}

/** Opens the ports of a function. Nothing is reached, and DuckDB is not started, before the first call that needs it. */
export function awsDeps(environment: Environment, options: AwsDepsOptions): AwsDeps {
  const { scratchFolder, log } = options;
  mkdirSync(scratchFolder, { recursive: true, mode: 0o700 });
  const client: ClientOptions = { note: (call) => log("aws-call", { call }) };
  const s3 = awsClient(S3Client, client);
  const deps: Deps = {
    ...openStores(environment, scratchFolder, client, s3),
    workflows: whenCalled(() => openWorkflows(environment, client)),
    writers: whenCalled(() => openWriters(environment, client)),
    sftpUsers: environment.WS_SFTP_SERVER_ID === "" ? noSftpUsers : whenCalled(() => openSftp(environment, client, s3)),
    uploadsAreWhole: environment.WS_SFTP_SERVER_ID === "",
    isPartialUpload: partialUploads(s3, environment.WS_BUCKET),
    clock: systemClock,
    randomness: systemRandomness,
    engine: lazyEngine(join(scratchFolder, "spill")),
    destination: async (kind) => {
      if (environment.WS_KINDS.includes(kind)) return loadDestination(kind);
      throw new SyncError("NOT_FOUND", { message: `there is no destination ${JSON.stringify(kind)} here` });
    },
    destinationKinds: environment.WS_KINDS,
    tablePrefix: environment.WS_TABLE_PREFIX,
    dial: makeDial(),
    // For kinds that keep their warehouse on this disk; none of them is offered here.
    accountFolder: (accountId) => join(scratchFolder, "accounts", accountId),
    scratchFolder,
    log,
  };
  return {
    ...deps,
    forAccount: accountDeps(environment, options, deps, client),
    executionInput: async (executionArn) => readExecutionInput(client, executionArn),
  };
}

function openStores(environment: Environment, scratchFolder: string, client: ClientOptions, s3: S3Client): Stores {
  const clock = systemClock;
  return {
    table: openTable({ client: awsClient(DynamoDBClient, client), tableName: environment.WS_TABLE, clock }),
    files: openFiles({ client: s3, bucket: environment.WS_BUCKET, scratchFolder, clock }),
    secrets: whenCalled(() => openSecretsOf(environment, client)),
  };
}

/** Deps for one account at a time, of which the last few are kept. */
function accountDeps(
  environment: Environment,
  { scratchFolder }: AwsDepsOptions,
  deps: Deps,
  client: ClientOptions,
): AwsDeps["forAccount"] {
  const kept = new Map<AccountId, Deps>();
  return (accountId) => {
    if (environment.WS_WRITER_ROLE_ARN === "") throw new TypeError("only a writer works for one account at a time");
    const confined = kept.get(accountId) ?? {
      ...deps,
      ...confinedStores(environment, scratchFolder, client, accountId),
    };
    // The one that was used last stands last.
    kept.delete(accountId);
    kept.set(accountId, confined);
    for (const oldest of kept.keys()) if (kept.size > accountsMax) kept.delete(oldest);
    return confined;
  };
}

function confinedStores(
  environment: Environment,
  scratchFolder: string,
  client: ClientOptions,
  accountId: AccountId,
): Stores & Pick<Deps, "stagingArea"> {
  const own: ClientOptions = { ...client, credentials: sessionOf(environment, client, accountId) };
  const s3 = awsClient(S3Client, own);
  const stores = openStores(environment, scratchFolder, own, s3);
  return { ...stores, files: confinedFiles(stores.files), stagingArea: stagingAreas(environment, client, s3) };
}

function stagingAreas(
  environment: Environment,
  client: ClientOptions,
  s3: S3Client,
): Required<Pick<Deps, "stagingArea">>["stagingArea"] {
  const { WS_BUCKET: bucket, WS_WRITER_ROLE_ARN: roleArn, WS_KMS_KEY_ARN: keyArn } = environment;
  const region = process.env["AWS_REGION"] ?? keyArn.split(":")[3] ?? "";
  const sts = async () => awsClient((await import("@aws-sdk/client-sts")).STSClient, client);
  return (accountId) => openStagingArea({ s3, sts, bucket, region, roleArn, keyArn }, accountId);
}

function sessionOf(environment: Environment, options: ClientOptions, accountId: AccountId): CredentialsProvider {
  let opened: Promise<CredentialsProvider> | undefined;
  const open = async () => {
    const [{ STSClient }, { writerCredentials }] = await Promise.all([
      import("@aws-sdk/client-sts"),
      import("./writer-credentials.ts"),
    ]);
    const client = awsClient(STSClient, options);
    return writerCredentials({ client, roleArn: environment.WS_WRITER_ROLE_ARN, clock: systemClock }, accountId);
  };
  return async () => {
    opened ??= open();
    return (await opened)();
  };
}

async function openSecretsOf(environment: Environment, options: ClientOptions): Promise<Deps["secrets"]> {
  const [{ SecretsManagerClient }, { openSecrets }] = await Promise.all([
    import("@aws-sdk/client-secrets-manager"),
    import("./secrets.ts"),
  ]);
  const client = awsClient(SecretsManagerClient, options);
  const { WS_SECRET_PREFIX: prefix, WS_KMS_KEY_ARN: kmsKeyArn } = environment;
  return openSecrets({ client, prefix, kmsKeyArn, clock: systemClock });
}

async function openWorkflows(environment: Environment, options: ClientOptions): Promise<Deps["workflows"]> {
  const [{ SFNClient }, own] = await Promise.all([import("@aws-sdk/client-sfn"), import("./workflows.ts")]);
  const client = awsClient(SFNClient, options);
  const machinePrefix = environment.WS_STATE_MACHINE_PREFIX;
  return own.openWorkflows({ client, machinePrefix, clock: systemClock, randomness: systemRandomness });
}

async function readExecutionInput(options: ClientOptions, executionArn: string): Promise<unknown> {
  const [{ SFNClient }, own] = await Promise.all([import("@aws-sdk/client-sfn"), import("./execution-input.ts")]);
  return own.executionInput(awsClient(SFNClient, options), executionArn);
}

async function openWriters(environment: Environment, options: ClientOptions): Promise<Deps["writers"]> {
  const [{ LambdaClient }, own] = await Promise.all([import("@aws-sdk/client-lambda"), import("./writers.ts")]);
  const client = awsClient(LambdaClient, { ...options, answerMsMax: functionAnswerMsMax });
  return own.lambdaWriters({ client, functionPrefix: environment.WS_WRITER_PREFIX, kinds: environment.WS_KINDS });
}

async function openSftp(environment: Environment, options: ClientOptions, s3: S3Client): Promise<Deps["sftpUsers"]> {
  const [{ TransferClient }, own] = await Promise.all([import("@aws-sdk/client-transfer"), import("./sftp-users.ts")]);
  return own.transferUsers({
    client: awsClient(TransferClient, options),
    s3,
    serverId: environment.WS_SFTP_SERVER_ID,
    bucket: environment.WS_BUCKET,
    keyArn: environment.WS_KMS_KEY_ARN,
    roleArn: environment.WS_SFTP_ROLE_ARN,
  });
}

/** DuckDB, sized to the memory of the function, from the first session on. */
function lazyEngine(tempFolder: string): Engine {
  let started: Promise<Engine> | undefined;
  const memoryMb = Number(process.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] ?? memoryMbPerThread);
  return {
    open: async (signal) => {
      started ??= startEngine({
        threads: Math.max(1, Math.round(memoryMb / memoryMbPerThread)),
        memoryMb: Math.floor(memoryMb * bufferShare),
        tempFolder,
      });
      return (await started).open(signal);
    },
    close: () => void started?.then((engine) => engine.close()),
  };
}

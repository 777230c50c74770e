import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  type DescribeStatementResponse,
  ExecuteStatementCommand,
  type Field,
  GetStatementResultCommand,
  type GetStatementResultResponse,
  RedshiftDataClient,
} from "@aws-sdk/client-redshift-data";
import { SyncError } from "../../../model/errors.ts";
import { abortError } from "../../abort.ts";
import { roleKeys } from "../../aws/assume-role.ts";
import { dialledClient } from "../../aws/dialled-client.ts";
import type { SqlSession } from "../../sql/commit.ts";
import type { SqlRow } from "../../sql/receipts.ts";
import { inlined } from "../dialect.ts";
import { callError, statementError } from "../errors.ts";
import type { Place } from "../place.ts";
import { regionOf } from "../settings.ts";

/** Of one statement, and of a batch in all. https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html#data-api-calling-considerations */
const statementBytesMax = 100_000;
const statementsMax = 40;
/** How long a statement that reads may take. */
const readMsMax = 120_000;
const firstPollMs = 50;
const pollMsMax = 2_000;

/** The Data API, as the customer's role. Each call is tried again by the SDK where that can help. */
export interface DataApi extends SqlSession, Disposable {
  /** Takes the role on. */
  logIn(): Promise<void>;
  /** Hands statements in as one transaction and answers its id. Within 8 hours the same token answers the same id, and starts nothing anew. */
  submit(statements: readonly string[], clientToken: string): Promise<string>;
  describe(id: string): Promise<DescribeStatementResponse>;
  /** Twice, and after the end, is the same as once. */
  cancel(id: string): Promise<void>;
  /** Waits for the end of what was handed in; throws what a failed one met with. */
  finish(
    id: string,
    limits: { readonly msMax: number; readonly secrets: readonly string[] },
  ): Promise<DescribeStatementResponse>;
  readonly host: string;
}

/** Opens the Data API of the settings' region; nothing is reached before the first call. */
export function openDataApi({ settings, target, options }: Place): DataApi {
  const region = settings.region ?? regionOf(settings.host) ?? "";
  const { dial, signal, awsEndpoints } = options;
  const errorOf = (thrown: unknown) => callError(thrown, []);
  const keys = roleKeys({ roleArn: settings.roleArn ?? "", externalId: target.externalId, region, options, errorOf });
  const client = dialledClient(RedshiftDataClient, {
    ...{ dial, signal, region, credentials: keys },
    endpoint: awsEndpoints?.["redshift-data"],
  });
  const calling = async <T>(work: () => Promise<T>): Promise<T> => {
    if (signal.aborted) throw abortError(signal);
    try {
      return await work();
    } catch (thrown) {
      throw signal.aborted ? abortError(signal) : callError(thrown, []);
    }
  };
  const asked = { abortSignal: signal };
  const warehouse = warehouseOf(settings);
  const api: DataApi = {
    host: `redshift-data.${region}.amazonaws.com`,
    logIn: async () => void (await calling(keys)),
    submit: async (statements, clientToken) => {
      requireSize(statements);
      const input = { ...warehouse, Sqls: [...statements], ClientToken: clientToken, StatementName: "warehouse-sync" };
      const { Id = "" } = await calling(() => client.send(new BatchExecuteStatementCommand(input), asked));
      return Id;
    },
    describe: (id) => calling(() => client.send(new DescribeStatementCommand({ Id: id }), asked)),
    cancel: async (id) => {
      // A statement that has ended meanwhile cannot be cancelled: what it came to is asked for next.
      await calling(() => client.send(new CancelStatementCommand({ Id: id }), asked)).catch(() => undefined);
    },
    finish: (id, limits) => finish(api, id, limits, signal),
    query: async (statement) => {
      const sql = inlined(statement);
      requireSize([sql]);
      const input = { ...warehouse, Sql: sql, StatementName: "warehouse-sync" };
      const { Id = "" } = await calling(() => client.send(new ExecuteStatementCommand(input), asked));
      const { HasResultSet } = await finish(api, Id, { msMax: readMsMax, secrets: [] }, signal);
      const page = (token?: string) =>
        calling(() =>
          client.send(new GetStatementResultCommand({ Id, ...(token ? { NextToken: token } : {}) }), asked),
        );
      return HasResultSet === true ? readRows(page) : [];
    },
    [Symbol.dispose]: () => client.destroy(),
  };
  return api;
}

/** Who is asked, and as whom. */
function warehouseOf({ clusterIdentifier, workgroup, secretArn, databaseUser, database }: Place["settings"]) {
  return {
    Database: database,
    ...(clusterIdentifier === undefined ? {} : { ClusterIdentifier: clusterIdentifier }),
    ...(workgroup === undefined ? {} : { WorkgroupName: workgroup }),
    ...(secretArn === undefined ? {} : { SecretArn: secretArn }),
    ...(databaseUser === undefined ? {} : { DbUser: databaseUser }),
  };
}

function requireSize(statements: readonly string[]): void {
  const longest = Math.max(...statements.map((statement) => Buffer.byteLength(statement)));
  if (longest <= statementBytesMax && statements.length <= statementsMax) return;
  throw new SyncError("INVARIANT_BROKEN", {
    message: `${statements.length} statements of at most ${longest} bytes are more than the Data API takes`,
  });
}

async function finish(
  api: Pick<DataApi, "describe" | "cancel">,
  id: string,
  { msMax, secrets }: { readonly msMax: number; readonly secrets: readonly string[] },
  signal: AbortSignal,
): Promise<DescribeStatementResponse> {
  const startedMs = performance.now();
  for (let waitMs = firstPollMs; ; waitMs = Math.min(pollMsMax, waitMs * 1.5)) {
    const found = await api.describe(id);
    if (found.Status === "FINISHED") return found;
    if (found.Status === "FAILED" || found.Status === "ABORTED") throw failureOf(found, secrets);
    if (performance.now() - startedMs > msMax) {
      await api.cancel(id);
      throw new SyncError("TIMEOUT", { vendorRef: id });
    }
    await sleep(waitMs, undefined, { signal }).catch(() => {
      throw abortError(signal);
    });
  }
}

/** What a statement met with; of a batch, the first that failed. */
export function failureOf(found: DescribeStatementResponse, secrets: readonly string[]): SyncError {
  const id = found.Id ?? "";
  if (found.Status === "ABORTED")
    return new SyncError("TIMEOUT", { message: "the statement was cancelled", vendorRef: id });
  const failed = (found.SubStatements ?? []).find(({ Status }) => Status === "FAILED");
  return statementError(failed?.Error ?? found.Error ?? "", id, secrets);
}

async function readRows(pageAt: (token?: string) => Promise<GetStatementResultResponse>): Promise<readonly SqlRow[]> {
  const rows: SqlRow[] = [];
  let names: readonly string[] = [];
  let next: string | undefined;
  do {
    const { ColumnMetadata, Records, NextToken } = await pageAt(next);
    if (names.length === 0) names = (ColumnMetadata ?? []).map(({ name = "" }) => name);
    for (const fields of Records ?? [])
      rows.push(Object.fromEntries(fields.map((field, index) => [names[index] ?? "", plainOf(field)])));
    next = NextToken;
  } while (next !== undefined);
  return rows;
}

function plainOf(field: Field): unknown {
  if (field.isNull === true) return null;
  return field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? null;
}

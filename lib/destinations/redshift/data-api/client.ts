import { setTimeout as sleep } from "node:timers/promises";
import type { DescribeStatementResponse } from "@aws-sdk/client-redshift-data";
import { hasCode, SyncError } from "../../../model/errors.ts";
import { dataObjects } from "../../../model/log.ts";
import type { Batch, Receipt, RunningCommit } from "../../destination.ts";
import { earlierReceipt } from "../../earlier-receipt.ts";
import { requireLease } from "../../sql/commit.ts";
import { receiptOf, receiptStatements } from "../../sql/receipts.ts";
import { inlined } from "../dialect.ts";
import { loadFailure } from "../load-errors.ts";
import { inUtc, lockReceipts, objectsOf } from "../merge-statements.ts";
import type { Place } from "../place.ts";
import { urlsOf } from "../staging.ts";
import type { WireClient } from "../wire/client.ts";
import { type DataApi, failureOf, openDataApi } from "./calls.ts";
import { type Running, runningOf, tokenOf } from "./token.ts";
import { clientTokenOf, commitTransaction, type Guard, rehearsal, type Transaction } from "./transaction.ts";

/** A commit that goes on longer is cancelled, and its batch halved. */
const commitMsMax = 840_000;
/** A lease or a rehearsal is waited for within the call. */
const waitMsMax = 600_000;
/** So long a first look waits before the caller is sent to poll: small batches are done by then. */
const firstLookMs = 200;
/** A failed statement keeps its token for 8 hours; a batch may be handed in anew so often under one fence. */
const triesMax = 5;

/** A client over the Data API: a commit is handed in as one transaction, and polled. */
export function openDataApiClient(place: Place): WireClient {
  const api = openDataApi(place);
  const commit = async (batch: Batch, fence: number): Promise<Receipt | RunningCommit> => {
    await place.step("begin", () => lookFirst(api, place, batch, fence));
    await place.step("fence", () => raiseFence(api, place, batch, fence));
    const earlier = await place.step("look-up", () => receiptThere(api, place, batch));
    if (earlier !== undefined) return earlier;
    const transaction = await place.step("merge", () => commitTransaction(place, batch, fence));
    await place.step("receipt", async () => undefined);
    const running = await place.step("commit", () => submit(api, place, batch, fence, transaction));
    return { token: tokenOf(running) };
  };
  return {
    commit,
    poll: (token) => poll(api, place, runningOf(token)),
    rehearse: (batch) => rehearse(api, place, batch),
    adopt: () => adopt(api, place),
    reading: (work) => work(api),
    [Symbol.asyncDispose]: async () => api[Symbol.dispose](),
  };
}

/** A fence that is lost already needs no lock and no transaction. */
async function lookFirst(api: DataApi, place: Place, { object }: Batch, fence: number): Promise<void> {
  await api.logIn();
  const [lease] = await api.query(receiptStatements(place.dialect, place.target).readLease(object));
  if (lease !== undefined && Number(lease["fence"]) > fence) requireLease(lease, place.target, fence);
}

/**
 * Raises the lease row in a transaction of its own, and looks at it. An older writer's transaction that is still at work
 * either ends before this one gets the lock, or finds the lease raised.
 */
async function raiseFence(api: DataApi, place: Place, batch: Batch, fence: number): Promise<void> {
  const statements = receiptStatements(place.dialect, place.target);
  const { object } = batch;
  const raise = [
    inUtc,
    lockReceipts(place),
    inlined(statements.makeLease(object)),
    inlined(statements.raiseLease(object, fence)),
  ];
  await run(api, raise);
  const [lease] = await api.query(statements.readLease(object));
  requireLease(lease, place.target, fence);
}

async function adopt(api: DataApi, place: Place): Promise<void> {
  const statements = receiptStatements(place.dialect, place.target);
  const all = dataObjects.flatMap((object) => [statements.makeLease(object), statements.adoptLease(object)]);
  await run(api, [inUtc, lockReceipts(place), ...all.map(inlined)]);
}

/** A short transaction that may be repeated: a token of its own, so that the SDK's tries of the call start it once. */
async function run(api: DataApi, statements: readonly string[]): Promise<void> {
  const id = await api.submit(statements, crypto.randomUUID());
  await api.finish(id, { msMax: waitMsMax, secrets: [] });
}

async function receiptThere(api: DataApi, place: Place, batch: Batch): Promise<Receipt | undefined> {
  const statements = receiptStatements(place.dialect, place.target);
  return earlierReceipt((await api.query(statements.lookUp(batch))).map(receiptOf), batch);
}

async function submit(
  api: DataApi,
  place: Place,
  batch: Batch,
  fence: number,
  { statements, guards }: Transaction,
): Promise<Running> {
  const locations = [...batch.files, ...(batch.metricFile === null ? [] : [batch.metricFile])].map(
    ({ location }) => location,
  );
  for (let tries = 0; ; tries += 1) {
    const id = await api.submit(statements, clientTokenOf(place, batch, fence, tries));
    const running = { id, fence, batch, guards, locations };
    if (tries + 1 >= triesMax) return running;
    // The answer may be about an earlier try that has failed already: that one will not start again.
    const { Status } = await api.describe(id);
    if (Status !== "FAILED" && Status !== "ABORTED") return running;
  }
}

async function poll(api: DataApi, place: Place, running: Running): Promise<Receipt | RunningCommit> {
  const found = await lookAt(api, running.id);
  if (found.Status === "FINISHED") {
    return place.step("read-back", async () => {
      const receipt = await receiptThere(api, place, running.batch);
      if (receipt !== undefined) return receipt;
      throw new SyncError("RECEIPT_GONE", { message: "the receipt was committed and cannot be read back" });
    });
  }
  if (found.Status === "FAILED" || found.Status === "ABORTED") return settleFailed(api, place, running, found);
  const runsForMs = Date.now() - (found.CreatedAt?.getTime() ?? Date.now());
  if (runsForMs <= commitMsMax) return { token: tokenOf(running) };
  await api.cancel(running.id);
  throw new SyncError("TIMEOUT", { vendorRef: running.id });
}

async function lookAt(api: DataApi, id: string): Promise<DescribeStatementResponse> {
  const found = await api.describe(id);
  if (found.Status === "FINISHED" || found.Status === "FAILED" || found.Status === "ABORTED") return found;
  await sleep(firstLookMs);
  return api.describe(id);
}

/** What a failed transaction means. Guards say less than the tables themselves, which are looked at now. */
async function settleFailed(
  api: DataApi,
  place: Place,
  running: Running,
  found: DescribeStatementResponse,
): Promise<Receipt> {
  const receipt = await receiptThere(api, place, running.batch);
  if (receipt !== undefined) return receipt;
  const [lease] = await api.query(receiptStatements(place.dialect, place.target).readLease(running.batch.object));
  requireLease(lease, place.target, running.fence);
  throw await explained(api, place, running, found, []);
}

async function explained(
  api: DataApi,
  place: Place,
  { id, guards, locations }: Pick<Running, "id" | "guards" | "locations">,
  found: DescribeStatementResponse,
  secrets: readonly string[],
): Promise<SyncError> {
  const failure = failureOf(found, secrets);
  const guard = failedGuard(guards, found);
  // What has a name of its own went wrong by itself; a guard only divides by zero, whatever Redshift calls that.
  if (guard !== "copy" && !hasCode(failure, "UNKNOWN", "ROW_REJECTED")) return failure;
  if (guard === "staged")
    return new SyncError("STAGED_GONE", { message: "fewer rows lie staged than were brought", vendorRef: id });
  if (guard === "fence" || guard === "receipt")
    return new SyncError("CONFLICT", { message: "lease or receipt were another's meanwhile", vendorRef: id });
  if (guard !== "copy" || !hasCode(failure, "ROW_REJECTED")) return failure;
  const urls = urlsOf(place.area(), locations);
  return (await loadFailure(api, urls, secrets)) ?? failure;
}

function failedGuard(guards: Running["guards"], found: DescribeStatementResponse): Guard | undefined {
  const index = (found.SubStatements ?? []).findIndex(({ Status }) => Status === "FAILED");
  return guards[index];
}

/** A transaction that fails on purpose once it is through. */
async function rehearse(api: DataApi, place: Place, batch: Batch): Promise<void> {
  await runGuarded(api, place, batch, await rehearsal(place, batch));
}

/** Runs a transaction to its end; throws what it met with before its own last guard. */
export async function runGuarded(api: DataApi, place: Place, batch: Batch, transaction: Transaction): Promise<void> {
  const { statements, guards, secrets } = transaction;
  const id = await api.submit(statements, crypto.randomUUID());
  try {
    await api.finish(id, { msMax: waitMsMax, secrets });
  } catch (error) {
    const found = await api.describe(id);
    if (found.Status !== "FAILED") throw error;
    if (failedGuard(guards, found) === "end") return;
    const locations = objectsOf(batch).flatMap(({ files }) => files.map(({ location }) => location));
    throw await explained(api, place, { id, guards, locations }, found, secrets);
  }
}

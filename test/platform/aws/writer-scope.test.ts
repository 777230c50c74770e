import { describe, expect, test } from "vitest";
import { type Asked, isAllowed } from "../../../lib/destinations/stand-ins/evaluate-policy.ts";
import { createConnection } from "../../../lib/flows/connections/create-connection.ts";
import { updateCredentials } from "../../../lib/flows/connections/update-credentials.ts";
import type { Deps } from "../../../lib/flows/deps.ts";
import { startDueSyncs } from "../../../lib/flows/dispatch/start-due-syncs.ts";
import { syncIdOf } from "../../../lib/flows/store/syncs.ts";
import { listReceipts } from "../../../lib/flows/sync/list-receipts.ts";
import { type AccountId, spellId } from "../../../lib/model/ids.ts";
import { hourMs } from "../../../lib/model/time.ts";
import { writerStatements, writerTags } from "../../../lib/platform/aws/writer-scope.ts";
import { callFunction } from "../../../lib/platform/embedded/call-function.ts";
import { openWorkflows } from "../../../lib/platform/embedded/workflows.ts";
import { anySignal } from "../../support/account-rig.ts";
import { confinedDeps, places } from "../../support/aws/confined-deps.ts";
import { events, profiles, publishChanges } from "../../support/change-log.ts";
import { syncRig } from "../../support/sync-rig.ts";

const policy = writerStatements(places);
const own = spellId<AccountId>("account", new Uint8Array(14).fill(1));
const other = spellId<AccountId>("account", new Uint8Array(14).fill(2));

/** What a session for an account may do. */
function allows(asked: Asked, accountId: string | undefined = own): boolean {
  const tags = accountId === undefined ? {} : sessionContext(accountId);
  return isAllowed(policy, { ...asked, context: { ...asked.context, ...tags } });
}

function sessionContext(accountId: string) {
  const { account, shard } = writerTags(accountId as AccountId);
  return { "aws:PrincipalTag/account": account, "aws:PrincipalTag/shard": shard };
}

const get = (pk: string): Asked => ({
  action: "dynamodb:GetItem",
  resource: places.tableArn,
  context: { "dynamodb:LeadingKeys": [pk] },
});
const object = (action: string, key: string): Asked => ({
  action: `s3:${action}`,
  resource: `${places.bucketArn}/${key}`,
});
const list = (prefix: string): Asked => ({
  action: "s3:ListBucket",
  resource: places.bucketArn,
  context: { "s3:prefix": prefix },
});
const secret = (ref: string): Asked => ({
  action: "secretsmanager:GetSecretValue",
  resource: `${places.secretArnPrefix}${ref}-AbCdEf`,
});

describe("the session of a writer for one account", () => {
  const reachable = (accountId: string): readonly Asked[] => [
    get(`account/${accountId}/`),
    object("GetObject", `plan/${accountId}/rn1/plan.json`),
    object("PutObject", `quarantine/${accountId}/rn1/1.parquet`),
    object("DeleteObject", `staging/${accountId}/rn1/profiles-1.ndjson.gz`),
    list(`plan/${accountId}/rn1/plan.json`),
    secret(`connection/${accountId}/cn1/1`),
  ];

  test("reaches what is the account's own", () => {
    expect(reachable(own).map((asked) => allows(asked))).not.toContain(false);
  });

  test("reaches nothing of another account", () => {
    expect(reachable(other).map((asked) => allows(asked))).not.toContain(true);
  });

  test("reaches nothing of an account whose id begins with its own", () => {
    expect(reachable(`${own}0`).map((asked) => allows(asked))).not.toContain(true);
  });

  test("without tags reaches nothing at all", () => {
    const all = [...reachable(own), ...reachable(""), ...reachable("undefined")];

    expect(all.map((asked) => isAllowed(policy, asked))).not.toContain(true);
  });

  test.each<[string, Asked]>([
    ["the whole table", { action: "dynamodb:GetItem", resource: places.tableArn }],
    ["a scan", { action: "dynamodb:Scan", resource: places.tableArn, context: { "dynamodb:LeadingKeys": [] } }],
    [
      "two partitions at once",
      { ...get(""), context: { "dynamodb:LeadingKeys": [`account/${own}/`, `account/${other}/`] } },
    ],
    ["tokens", get("tokens/abc")],
    ["the list of accounts", get("accounts")],
    ["what waits in the list of its shard", get(`pending-connections/${writerTags(own).shard}`)],
    ["the list of the whole bucket", { action: "s3:ListBucket", resource: places.bucketArn }],
    ["the list of all plans", list("plan/")],
    ["its uploads", object("GetObject", `inbox/${own}/us1/profiles/a.csv`)],
    ["to rewrite its state", object("PutObject", `state/${own}/1/state.json`)],
    ["to delete a plan", object("DeleteObject", `plan/${own}/rn1/plan.json`)],
    ["the key beside the stores", { action: "kms:Decrypt", resource: places.keyArn }],
  ])("does not reach %s", (_, asked) => {
    expect(allows(asked)).toBe(false);
  });
});

/** The rig's product, but for its writers, which get no further than the policy lets them. */
function withConfinedWriters(deps: Deps): { deps: Deps; asked: Set<string>; settled: () => Promise<void> } {
  const asked = new Set<string>();
  const callWriter = (name: string, call: { step?: unknown; input?: unknown }, signal: AbortSignal) => {
    const { accountId } = call.input as { accountId: string };
    const confined = confinedDeps(deps, (each) => {
      asked.add(each.action);
      if (!allows(each, accountId)) throw new TypeError(`not allowed: ${JSON.stringify(each)}`);
    });
    return callFunction(confined, name, call, signal);
  };
  const workflows = openWorkflows({
    folder: "state-machines",
    files: deps.files,
    clock: deps.clock,
    randomness: deps.randomness,
    wait: async () => {},
    runStep: async (name, input, signal) =>
      name.startsWith("writer-") ? callWriter(name, input as object, signal) : callFunction(free, name, input, signal),
  });
  const writers: Deps["writers"] = {
    call: async (kind, step, input, signal) => callWriter(`writer-${kind}`, { step, input }, signal),
  };
  const free: Deps = { ...deps, workflows, writers };
  return { deps: free, asked, settled: () => workflows.settled() };
}

test("every step of a writer does its work within the policy, and the policy allows nothing that none of them needs", async () => {
  await using rig = await syncRig();
  const product = withConfinedWriters(rig.deps);
  await publishChanges(rig.deps, rig.accountId, {
    profiles: [profiles(1, 10), profiles(11, 20), profiles(21, 30)],
    events: [events(1, 30), events(31, 40)],
  });
  const settings = { host: "memory", password: "wrong" };
  const request = { accountId: rig.accountId, kind: "memory", settings, tablePrefix: "klaviyo_", selection: {} };
  rig.server.mischief = { pollsNeeded: 1, refuses: (row) => row["id"] === "p3" };

  const { id } = await createConnection(product.deps, request, anySignal);
  await product.settled();
  const ref = { accountId: rig.accountId, connectionId: id };
  for (const password of ["right", "wrong"]) {
    await updateCredentials(product.deps, { ...ref, settings: { password } }, anySignal);
    await product.settled();
  }
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(5, 15, { first_name: "Ada" })] });
  rig.clock.wind(hourMs);
  await startDueSyncs(product.deps, { accountId: rig.accountId }, anySignal);
  await product.settled();
  const syncId = syncIdOf(id, "profiles", "periodic");
  const { receipts } = await listReceipts(product.deps, { accountId: rig.accountId, syncId }, anySignal);

  expect(rig.server.tables.profiles.size).toBe(29);
  expect(rig.server.tables.events.size).toBe(40);
  expect(rig.server.staged.size).toBe(0);
  expect(receipts).toHaveLength(1);
  const allowed = new Set(policy.flatMap((statement) => statement.Action));
  // What stands behind the calls of ports, and shows only over the wire.
  for (const action of ["GetObjectVersion", "AbortMultipartUpload", "ListBucket"]) allowed.delete(`s3:${action}`);
  // Of kinds that load from our bucket: test/platform/aws/staging-area.test.ts.
  allowed.delete("s3:DeleteObject");
  for (const action of ["Decrypt", "GenerateDataKey"]) allowed.delete(`kms:${action}`);
  expect(product.asked).toEqual(allowed);
});

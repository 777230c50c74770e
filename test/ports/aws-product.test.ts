import { join } from "node:path";
import { expect, test } from "vitest";
import { startEngine } from "../../lib/engine/engine.ts";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { createUser } from "../../lib/flows/accounts/create-user.ts";
import { createConnection } from "../../lib/flows/connections/create-connection.ts";
import { dispatch } from "../../lib/flows/dispatch/dispatch.ts";
import { sweep } from "../../lib/flows/dispatch/sweep.ts";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { listImports } from "../../lib/flows/import/list-imports.ts";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import { syncIdOf } from "../../lib/flows/store/syncs.ts";
import { listReceipts } from "../../lib/flows/sync/list-receipts.ts";
import { functionSpecs } from "../../lib/infra/function-specs.ts";
import { declaredCalls } from "../../lib/infra/specs/function-spec.ts";
import type { DataObject } from "../../lib/model/log.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { anySignal, letIn } from "../support/account-rig.ts";
import { type AwsProduct, startAwsProduct } from "../support/aws/aws-product.ts";
import { MemoryServer } from "../support/memory-warehouse.ts";
import { makeKey } from "../support/ssh-keys.ts";
import { tempFolder } from "../support/temp-folder.ts";

const people = "ExternalID,Email,First Name\nc1,ann@example.com,Ann\nc2,bob@example.com,Bob\nc3,no address,Cat\n";
const orders = "ExternalID,Metric,Timestamp,$event_id,$value\nc1,Placed Order,2026-01-02T03:04:05Z,o1,10.50\n";

type Owner = Parameters<typeof createUser>[1]["accountId"];

async function upload(product: AwsProduct, accountId: Owner, userId: string, folder: DataObject, text: string) {
  const key = fileKeys.inbox(accountId, userId, `${folder}/data.csv`);
  const { version } = await product.depsOf("uploader").files.put(key, new TextEncoder().encode(text));
  const request = { accountId, userId: userId as never, key, version, isConfirmed: true };
  await acceptUpload(product.depsOf("accept-upload"), request, anySignal);
  await product.settled();
}

/** Calls that a function made and does not declare. */
function undeclared(made: AwsProduct["made"]): string[] {
  return [...made].flatMap(([name, calls]) => {
    const spec = functionSpecs[name];
    const declared: readonly string[] = spec === undefined ? [...calls] : declaredCalls(spec, true);
    return [...calls].filter((call) => !declared.includes(call)).map((call) => `${name}: ${call}`);
  });
}

test("the main job is done over the services of AWS alone, and no function asks for more than it declares", async () => {
  using folder = tempFolder();
  const engine = await startEngine({ tempFolder: join(folder.path, "spill"), memoryMb: 256 });
  const server = new MemoryServer(engine, systemClock);
  await using product = await startAwsProduct({
    destination: async () => server.destination,
    dial: () => Promise.reject(new TypeError("a warehouse in memory is not dialled")),
  });
  const api = product.depsOf("answer-call");

  const { id: accountId } = await createAccount(api, { name: "Shop" }, anySignal);
  const user = await createUser(api, { accountId, name: "Una" }, anySignal);
  await letIn(api, user, makeKey("ed25519").publicKey);
  await upload(product, accountId, user.id, "profiles", people);
  await upload(product, accountId, user.id, "events", orders);
  const settings = { host: "memory", password: "right" };
  const request = { accountId, kind: "memory", settings, tablePrefix: "klaviyo_", selection: {} };
  const { id } = await createConnection(api, request, anySignal);
  await product.settled();
  await upload(product, accountId, user.id, "profiles", people.replace("Bob", "Rob"));
  await dispatch(product.depsOf("hour"), { isNow: true, windowSeconds: 0 }, anySignal);
  await product.settled();
  await sweep(product.depsOf("sweep"), {}, anySignal);
  await product.settled();

  const { items } = await listImports(api, { accountId }, anySignal);
  expect(items.map(({ state }) => state)).not.toContain("processing");
  expect([...server.tables.profiles.values()].map((row) => row["first_name"]).sort()).toEqual(["Ann", "Rob"]);
  expect(server.tables.events.size).toBe(1);
  const ref = { accountId, syncId: syncIdOf(id, "profiles", "periodic") };
  expect((await listReceipts(api, ref, anySignal)).receipts).toHaveLength(1);
  expect(undeclared(product.made)).toEqual([]);
  engine.close();
});

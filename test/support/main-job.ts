import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { createUser } from "../../lib/flows/accounts/create-user.ts";
import { createConnection } from "../../lib/flows/connections/create-connection.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { dispatch } from "../../lib/flows/dispatch/dispatch.ts";
import { sweep } from "../../lib/flows/dispatch/sweep.ts";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { listImports } from "../../lib/flows/import/list-imports.ts";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import { listSyncs } from "../../lib/flows/sync/list-syncs.ts";
import { openDeps } from "../../lib/local/open-deps.ts";
import { settingsFrom } from "../../lib/local/settings.ts";
import type { AccountId, UserId } from "../../lib/model/ids.ts";
import type { DataObject } from "../../lib/model/log.ts";
import { OpenConnections } from "../../lib/platform/embedded/sftp/connections.ts";
import { anySignal } from "./account-rig.ts";
import { type KillPlan, type KillPoints, withKillPoints } from "./kill-points.ts";

/** One process of the product over a folder, and a client that does the main job with it. */
export interface JobProcess {
  readonly deps: Deps;
  readonly kills: KillPoints;
  /** Does the job from where the client knows it to be; repeatable after a kill. Rejects when killed. */
  work(): Promise<void>;
  /** Ends the process as a kill would: no step goes on, nothing is put in order. */
  end(): void;
}

/** What the client uploads, in two hours. The second hour changes people, brings one person twice, and repeats a file. */
const uploads: readonly (readonly { folder: DataObject; name: string; text: string }[])[] = [
  [
    {
      folder: "profiles",
      name: "people.csv",
      text: "ExternalID,Email,First Name,City\nc1,ann@example.com,Ann,Paris\nc2,bob@example.com,Bob,Rome\nc3,not an address,Cat,Oslo\nc4,dan@example.com,Dan,Bonn\n",
    },
    {
      folder: "events",
      name: "orders.csv",
      text: "ExternalID,Metric,Timestamp,$event_id,$value,SKU\nc1,Placed Order,2026-01-02T03:04:05Z,o1,10.50,A\nc2,Placed Order,2026-02-03T04:05:06Z,o2,7,B\nc9,Placed Order,2026-02-03T04:05:06Z,o3,1,C\nc2,Placed Order,never,o4,1,C\n",
    },
  ],
  [
    {
      folder: "profiles",
      name: "people.csv",
      text: "ExternalID,Email,First Name,City\nc1,ann@example.com,Anna,Paris\nc5,bob@example.com,Rob,Rome\nc6,eve@example.com,Eve,Bern\nc6,eve@example.com,Eva,Bern\n",
    },
    {
      folder: "events",
      name: "orders-2.csv",
      text: "ExternalID,Metric,Timestamp,$event_id,$value,SKU\nc1,Placed Order,2026-01-02T03:04:05Z,o1,10.50,A\nc6,Viewed Product,2026-03-02T03:04:05Z,,,D\nc6,Viewed Product,2026-03-02T03:04:05Z,,,D\n",
    },
  ],
];

/** Opens a process on the folder. */
export async function openJob(folder: string, plan: KillPlan = "record"): Promise<JobProcess> {
  const settings = settingsFrom({ WS_DATA: join(folder, "data"), WS_MEMORY_MB: "256" });
  mkdirSync(settings.dataFolder, { recursive: true });
  let kills: KillPoints | undefined;
  const opened = await openDeps(settings, new OpenConnections(), (deps) => {
    kills = withKillPoints(deps, plan);
    return kills.deps;
  });
  if (kills === undefined) throw new TypeError("the deps were not wrapped");
  const { deps, workflows } = opened;
  const settled = Promise.withResolvers<never>();
  void kills.killed.then((name) => {
    workflows[Symbol.dispose]();
    settled.reject(new Error(`killed at ${name}`));
  });
  settled.promise.catch(() => undefined);
  const quiet = async () => void (await Promise.race([workflows.settled(), settled.promise]));
  return {
    deps,
    kills,
    work: async () => void (await Promise.race([doJob(deps, folder, quiet), settled.promise])),
    end: () => {
      workflows[Symbol.dispose]();
      opened.close();
    },
  };
}

async function doJob(deps: Deps, folder: string, quiet: () => Promise<void>): Promise<void> {
  await sweep(deps, {}, anySignal);
  await quiet();
  const { id: accountId } = await createAccount(deps, { name: "Shop", requestId: "shop" }, anySignal);
  const { id: userId } = await createUser(deps, { accountId, name: "Una", requestId: "una" }, anySignal);
  for (const [hour, files] of uploads.entries()) {
    for (const file of files)
      await uploadOnce(deps, join(folder, `sent-${hour}-${file.name}`), accountId, userId, file);
    await quiet();
    if (hour === 0) await connectOnce(deps, accountId);
    await quiet();
    await untilDone(deps, accountId, quiet);
  }
}

/** A client that got no answer to its upload sends it again. */
async function uploadOnce(
  deps: Deps,
  note: string,
  accountId: AccountId,
  userId: UserId,
  file: { folder: DataObject; name: string; text: string },
): Promise<void> {
  if (existsSync(note)) return;
  const key = fileKeys.inbox(accountId, userId, `${file.folder}/${file.name}`);
  const bytes = new TextEncoder().encode(file.text);
  const { version } = await deps.files.put(key, bytes);
  await acceptUpload(deps, { accountId, userId, key, version }, anySignal);
  writeFileSync(note, "");
}

async function connectOnce(deps: Deps, accountId: AccountId): Promise<void> {
  await createConnection(
    deps,
    {
      accountId,
      kind: "duckdb",
      settings: { file: "warehouse.duckdb" },
      tablePrefix: "klaviyo_",
      selection: {},
      requestId: "warehouse",
    },
    anySignal,
  );
}

/** Hours pass, and sweeps, until nothing is left to do. */
async function untilDone(deps: Deps, accountId: AccountId, quiet: () => Promise<void>): Promise<void> {
  for (let hour = 0; hour < 6; hour += 1) {
    await dispatch(deps, { isNow: true, windowSeconds: 0 }, anySignal);
    await quiet();
    await sweep(deps, {}, anySignal);
    await quiet();
    if (await isDone(deps, accountId)) return;
  }
  throw new Error("the job is not done after six hours");
}

async function isDone(deps: Deps, accountId: AccountId): Promise<boolean> {
  const imports = (await listImports(deps, { accountId, limit: 100 }, anySignal)).items;
  const syncs = await listSyncs(deps, { accountId }, anySignal);
  return (
    syncs.length === 4 &&
    imports.every((each) => each.state !== "processing" && (each.rowsAccepted === 0 || each.rowsNew !== null)) &&
    syncs.every(
      ({ shown, freshness }) =>
        shown.status === "Completed" || (shown.status === "Scheduled" && freshness?.isUpToDate === true),
    )
  );
}

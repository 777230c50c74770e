import { readdirSync } from "node:fs";
import { join } from "node:path";
import { sqlText, startEngine } from "../../lib/engine/engine.ts";
import { listAccounts } from "../../lib/flows/accounts/list-accounts.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { listImports } from "../../lib/flows/import/list-imports.ts";
import { listSyncs } from "../../lib/flows/sync/list-syncs.ts";
import { anySignal } from "./account-rig.ts";

/** What the job left: the warehouse's rows by content (no id, seq or time of ours), counts of imports, and how the syncs stand. */
export interface JobOutcome {
  readonly profiles: readonly unknown[];
  readonly events: readonly unknown[];
  readonly metrics: readonly unknown[];
  readonly imports: readonly unknown[];
  readonly syncs: readonly unknown[];
  readonly scratch: readonly string[];
}

/** Reads the outcome: the warehouse past all our own code, the rest by the product's lists. */
export async function jobOutcome(folder: string, deps: Deps): Promise<JobOutcome> {
  const [account] = (await listAccounts(deps, { limit: 10 }, anySignal)).items;
  if (account === undefined) throw new Error("the job made no account");
  const imports = (await listImports(deps, { accountId: account.id, limit: 100 }, anySignal)).items;
  const syncs = await listSyncs(deps, { accountId: account.id }, anySignal);
  return {
    ...(await warehouseRows(join(deps.accountFolder(account.id), "warehouse.duckdb"), folder)),
    imports: imports
      .filter((each) => each.state !== "duplicate" && each.state !== "superseded")
      .map((each) => [each.name, each.state, each.rowsTotal, each.rowsAccepted, each.rowsRejected])
      .sort(),
    syncs: syncs.map(({ sync, shown }) => [sync.object, sync.mode, shown.status, sync.lastError]).sort(),
    scratch: readdirSync(deps.scratchFolder),
  };
}

async function warehouseRows(path: string, folder: string) {
  const engine = await startEngine({ tempFolder: join(folder, "look"), memoryMb: 256 });
  await using session = await engine.open(anySignal);
  await session.run(`ATTACH ${sqlText(path)} AS w (READ_ONLY)`);
  const all = (sql: string) => session.json(sql);
  try {
    return {
      profiles: await all(
        `SELECT email, phone_number, external_id, first_name, location, properties, last_event_at, _deleted
         FROM w.klaviyo_profile ORDER BY ALL`,
      ),
      events: await all(
        `SELECT p.external_id, e.unique_id, e.metric_name, e.event_at, e.value, e.event_properties
         FROM w.klaviyo_event e LEFT JOIN w.klaviyo_profile p ON p.id = e.profile_id ORDER BY ALL`,
      ),
      metrics: await all("SELECT name, integration_name FROM w.klaviyo_metric ORDER BY ALL"),
    };
  } finally {
    await session.run("DETACH w");
  }
}

import type { AnswerOf, Client } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import type { SampleData } from "../../local/demo/sample-data.ts";
import { runHourAndWait } from "../../local/idle.ts";
import type { SmokePostgres } from "./smoke-postgres.ts";
import { SmokeFailed, type SmokeStory } from "./smoke-story.ts";
import type { SmokeTenant } from "./uploader.ts";
import { pause } from "./wait.ts";

type Connection = AnswerOf<Routes["GET /connections/{connectionId}"]>;

/** The warehouse that is tried: a PostgreSQL that we may ask past the product, or a DuckDB file of the installation. */
export type SmokeWarehouse =
  | SmokePostgres
  | { readonly connection: { kind: "duckdb"; settings: Record<string, unknown> } };

export interface WarehouseLegOptions {
  readonly data: SampleData;
  readonly warehouse: SmokeWarehouse;
  readonly operator: Client<Routes>;
  /** Told as soon as there is something to remove. */
  readonly onConnected: (connectionId: string) => void;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** Connects the warehouse, runs the hour, and compares what receipts and SQL say with what was uploaded. */
export async function runWarehouseLeg(
  story: SmokeStory,
  tenant: SmokeTenant,
  options: WarehouseLegOptions,
): Promise<void> {
  const { data, warehouse, pollMs, signal } = options;
  const expected = { profiles: data.profileCount, events: data.events.rows - data.events.rejected };
  await story.step(`connect the warehouse (${warehouse.connection.kind})`, async () => {
    const { id } = await tenant.api.call("POST /connections", { body: warehouse.connection });
    options.onConnected(id);
    const connection = await waitForCheck(story, tenant.api, id, options);
    return `${connection.status}; ${connection.check.length} steps of the check passed`;
  });
  await story.step("run the hour, and sync", async () => {
    const onLook = (_: unknown, working: readonly string[]) => story.waitFor(working);
    const runHour = () => options.operator.call("POST /tick");
    const { syncs } = await runHourAndWait(tenant.api, runHour, { signal, onLook, pollMs });
    for (const sync of syncs) requireWell(sync);
    return syncs.map(({ tab, name, status }) => `${tab} ${name} ${status}`).join(", ");
  });
  await story.step("read the warehouse's receipts", async () => {
    const found = await rowsInReceipts(tenant.api);
    requireSame(found, expected, "the receipts name");
    return `${found.profiles} profiles and ${found.events} events inserted`;
  });
  if (!("count" in warehouse)) return;
  await story.step("count the rows by SQL", async () => {
    const found = await warehouse.count();
    requireSame(found, expected, "the tables hold");
    return `${found.profiles} profiles and ${found.events} events`;
  });
}

async function waitForCheck(
  story: SmokeStory,
  api: Client<Routes>,
  connectionId: string,
  { pollMs, signal }: WarehouseLegOptions,
): Promise<Connection> {
  for (;;) {
    const connection = await api.call("GET /connections/{connectionId}", { params: { connectionId } });
    if (!connection.isChecking && connection.status === "Enabled") return connection;
    if (!connection.isChecking) {
      const failed = connection.check.find((step) => !step.ok);
      throw new SmokeFailed(
        `${connection.status}: ${failed?.step ?? "check"} – ${failed?.detail ?? "no reason was given"}\n    fix: ${failed?.fix ?? "see the connection"}`,
      );
    }
    story.waitFor(["check of the connection"]);
    await pause(pollMs, signal);
  }
}

function requireWell(sync: AnswerOf<Routes["GET /syncs"]>["items"][number]): void {
  const isWell = sync.tab === "Historical" ? sync.status === "Completed" : sync.dataFreshness?.isUpToDate === true;
  if (isWell && sync.error === null) return;
  const reason = sync.error === null ? "is not up to date" : `${sync.error.summary} [${sync.error.code}]`;
  throw new SmokeFailed(`${sync.tab} ${sync.name} is ${sync.status}: ${reason}`);
}

async function rowsInReceipts(api: Client<Routes>): Promise<{ profiles: number; events: number }> {
  const rows = { profiles: 0, events: 0 };
  for (const { id: syncId, object } of (await api.call("GET /syncs")).items) {
    const { items } = await api.call("GET /syncs/{syncId}/receipts", { params: { syncId } });
    for (const receipt of items) rows[object] += receipt.rowsInserted ?? receipt.rowsStaged;
  }
  return rows;
}

interface Rows {
  readonly profiles: number;
  readonly events: number;
}

function requireSame(found: Rows, expected: Rows, who: string): void {
  if (found.profiles === expected.profiles && found.events === expected.events) return;
  throw new SmokeFailed(
    `${who} ${found.profiles} profiles and ${found.events} events, not ${expected.profiles} and ${expected.events}`,
  );
}

import { randomBytes } from "node:crypto";
import { CallFailed, type Client, openClient } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { sampleData } from "../../local/demo/sample-data.ts";
import { isoOf } from "../../model/time.ts";
import { systemClock } from "../../platform/system-clock.ts";
import { openPatientClient } from "./patient-client.ts";
import { smokePostgres } from "./smoke-postgres.ts";
import type { SmokeStory } from "./smoke-story.ts";
import { runUploadLeg } from "./upload-leg.ts";
import { openTenant, type SmokeTenant } from "./uploader.ts";
import { runWarehouseLeg, type SmokeWarehouse } from "./warehouse-leg.ts";

export interface SmokeOptions {
  /** Where the API answers; in AWS with the stage behind the host. */
  readonly url: string;
  readonly operatorToken: string;
  /** Null goes where the API says; `off` leaves the upload out. */
  readonly sftp: { readonly host: string; readonly port: number } | "off" | null;
  /** Null takes DuckDB where the installation offers it. */
  readonly warehouse: { readonly kind: "duckdb" } | { readonly kind: "postgres"; readonly url: string } | null;
  /** Leaves account, connection and tables as they are at the end. */
  readonly keeps: boolean;
  readonly timeoutMs: number;
  readonly pollMs: number;
}

interface Cleaning {
  readonly title: string;
  readonly work: () => Promise<string>;
}

/** How long clearing up may take, which begins also when the test was interrupted. */
const cleaningMs = 120_000;

/** Does the main job once by the doors that everybody uses, and removes what it made, also after a failure. */
export async function runSmoke(story: SmokeStory, options: SmokeOptions, signal: AbortSignal): Promise<void> {
  const cleanings: Cleaning[] = [];
  const limited = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
  try {
    await mainJob(story, options, cleanings, limited);
  } catch {
    // The story has it: what is left is to clear up.
  }
  if (options.keeps) return;
  for (const { title, work } of cleanings.reverse()) await story.step(title, work).catch(() => undefined);
}

async function mainJob(
  story: SmokeStory,
  options: SmokeOptions,
  cleanings: Cleaning[],
  signal: AbortSignal,
): Promise<void> {
  const { url, operatorToken: token, pollMs } = options;
  const operator = openPatientClient({ url, token, signal });
  const data = sampleData({ profiles: 200, events: 300, seed: 1 });
  await story.step("reach the API", async () => `version ${(await operator.call("GET /health")).version}`);
  await story.step("start the engine", async () => {
    const { engine, version, architecture } = await operator.call("GET /engine");
    return `${engine} ${version}, ${architecture}`;
  });
  const tenant = await account(story, options, operator, cleanings, signal);
  const sftp = await endpointOf(options, tenant);
  if (typeof sftp === "string") {
    story.skip("upload and import", sftp);
    story.skip("sync to a warehouse", "without an upload there is nothing to send");
    return;
  }
  await runUploadLeg(story, tenant, { data, sftp, pollMs, signal });
  const warehouse = await warehouseOf(options, tenant, cleanings);
  if (warehouse === undefined) {
    story.skip("sync to a warehouse", "no --postgres URL was given, and this installation offers no DuckDB");
    return;
  }
  const onConnected = (connectionId: string) => cleanings.push(connectionRemoval(tenant, connectionId));
  await runWarehouseLeg(story, tenant, { data, warehouse, operator, onConnected, pollMs, signal });
}

async function account(
  story: SmokeStory,
  { url, operatorToken: token }: SmokeOptions,
  operator: Client<Routes>,
  cleanings: Cleaning[],
  signal: AbortSignal,
): Promise<SmokeTenant> {
  let tenant: SmokeTenant | undefined;
  await story.step("open an account with a user and a token", async () => {
    const name = `Smoke test ${isoOf(systemClock.now())}`;
    const { id } = await operator.call("POST /accounts", { body: { name } });
    cleanings.push(accountRemoval(url, token, id));
    tenant = await openTenant(url, operator, id, signal);
    const { addresses } = await tenant.api.call("GET /egress-addresses");
    return `${id}; warehouses see ${addresses.join(", ") || "no fixed address of ours"}`;
  });
  if (tenant === undefined) throw new TypeError("there is no account");
  return tenant;
}

async function warehouseOf(
  { warehouse }: SmokeOptions,
  tenant: SmokeTenant,
  cleanings: Cleaning[],
): Promise<SmokeWarehouse | undefined> {
  if (warehouse?.kind === "postgres") {
    const postgres = smokePostgres(warehouse.url, `ws_smoke_${randomBytes(4).toString("hex")}_`);
    cleanings.push({
      title: "drop the test's tables",
      work: async () => postgres.dropTables().then(() => postgres.connection.tablePrefix),
    });
    return postgres;
  }
  const { items } = await tenant.api.call("GET /destinations");
  const isOffered = warehouse !== null || items.some(({ kind }) => kind === "duckdb");
  return isOffered ? { connection: { kind: "duckdb", settings: { file: "smoke.duckdb" } } } : undefined;
}

function connectionRemoval({ afterwards }: SmokeTenant, connectionId: string): Cleaning {
  return {
    title: "remove the connection",
    work: async () =>
      (await afterwards.call("DELETE /connections/{connectionId}", { params: { connectionId } })).status,
  };
}

function accountRemoval(url: string, token: string, accountId: string): Cleaning {
  return {
    title: "remove the account",
    work: async () => {
      const operator = openClient<Routes>({ url, token, signal: AbortSignal.timeout(cleaningMs) });
      await operator.call("DELETE /accounts/{accountId}", { params: { accountId } });
      return accountId;
    },
  };
}

/** Where to upload; a text says why nowhere. */
async function endpointOf(
  { sftp }: SmokeOptions,
  { api }: SmokeTenant,
): Promise<{ host: string; port: number } | string> {
  if (sftp === "off") return "as --sftp off asks";
  try {
    const { host, port } = await api.call("GET /sftp");
    return sftp ?? { host, port };
  } catch (error) {
    if (error instanceof CallFailed && error.code === "NOT_FOUND") return "this installation has no SFTP endpoint";
    throw error;
  }
}

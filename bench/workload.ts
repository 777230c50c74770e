import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createAccount } from "../lib/flows/accounts/create-account.ts";
import { createUser } from "../lib/flows/accounts/create-user.ts";
import { createConnection } from "../lib/flows/connections/create-connection.ts";
import type { Deps } from "../lib/flows/deps.ts";
import { dispatch } from "../lib/flows/dispatch/dispatch.ts";
import { acceptUpload } from "../lib/flows/import/accept-upload.ts";
import { listImports } from "../lib/flows/import/list-imports.ts";
import { fileKeys } from "../lib/flows/store/keys.ts";
import { openDeps } from "../lib/local/open-deps.ts";
import { settingsFrom } from "../lib/local/settings.ts";
import type { AccountId, UserId } from "../lib/model/ids.ts";
import type { DataObject } from "../lib/model/log.ts";
import { OpenConnections } from "../lib/platform/embedded/sftp/connections.ts";

/** One phase of the main job, measured over this whole process. */
interface Phase {
  readonly name: string;
  readonly ms: number;
  readonly rssMbMax: number;
  /** What the process read and wrote by system calls, page cache included; null where the system does not count it. */
  readonly readMb: number | null;
  readonly writtenMb: number | null;
}

export interface WorkloadResult {
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly phases: readonly Phase[];
  readonly rssMbMax: number;
  /** Size of the account's state (profiles, identities, event index), and what one more file of 1,000 rows wrote of state and change log together. */
  readonly change: { readonly stateMb: number; readonly writtenMb: number } | null;
}

const never = new AbortController().signal;

/** Takes one CSV from the inbox to a DuckDB file in this process, phase by phase. Run it in a process of its own: memory is the process's. */
export async function runWorkload(input: {
  csv: string;
  changeCsv: string | null;
  object: DataObject;
  folder: string;
}): Promise<WorkloadResult> {
  rmSync(input.folder, { recursive: true, force: true });
  mkdirSync(input.folder, { recursive: true });
  const settings = settingsFrom({ WS_DATA: join(input.folder, "data") });
  const commit = { ms: 0 };
  const { deps, workflows, close } = await openDeps(settings, new OpenConnections(), (raw) =>
    timingCommits(raw, commit),
  );
  const { id: accountId } = await createAccount(deps, { name: "Bench" }, never);
  const { id: userId } = await createUser(deps, { accountId, name: "Bench" }, never);
  const phases: Phase[] = [];
  const settled = () => workflows.settled();
  const upload = (csv: string) => uploadFile(deps, { accountId, userId, object: input.object, csv });

  phases.push(await measured("import", await upload(input.csv), settled));
  phases.push(await measured("consolidate", () => tick(deps), settled));
  const sync = await measured("sync", () => connect(deps, accountId, input.object), settled);
  phases.push({ ...sync, name: "stage", ms: sync.ms - commit.ms }, { ...sync, name: "commit", ms: commit.ms });
  const [record] = (await listImports(deps, { accountId, limit: 1 }, never)).items;
  if (record === undefined || record.rowsAccepted === 0)
    throw new Error(`nothing was imported: ${JSON.stringify(record)}`);
  const result = {
    rows: record.rowsTotal,
    accepted: record.rowsAccepted,
    rejected: record.rowsRejected,
    phases,
    rssMbMax: Math.round(process.resourceUsage().maxRSS / 1024),
    change:
      input.changeCsv === null ? null : await changed(deps, accountId, () => upload(input.changeCsv ?? ""), workflows),
  };
  close();
  return result;
}

function timingCommits(deps: Deps, commit: { ms: number }): Deps {
  return {
    ...deps,
    destination: async (kind) => {
      const destination = await deps.destination(kind);
      return {
        ...destination,
        open: async (...args) => {
          const warehouse = await destination.open(...args);
          const timed: typeof warehouse.commit = async (batch, fence) => {
            const started = performance.now();
            const receipt = await warehouse.commit(batch, fence);
            commit.ms += performance.now() - started;
            return receipt;
          };
          return { ...warehouse, commit: timed };
        },
      };
    },
  };
}

/** Puts the file where an upload that has ended lies, and answers what tells the product of it. */
async function uploadFile(
  deps: Deps,
  upload: { accountId: AccountId; userId: UserId; object: DataObject; csv: string },
): Promise<() => Promise<void>> {
  const { accountId, userId } = upload;
  const path = join(deps.scratchFolder, "upload.csv");
  copyFileSync(upload.csv, path);
  const key = fileKeys.inbox(accountId, userId, `${upload.object}/bench.csv`);
  const { version } = await deps.files.put(key, { path });
  rmSync(path);
  return async () => void (await acceptUpload(deps, { accountId, userId, key, version }, never));
}

async function tick(deps: Deps): Promise<void> {
  await dispatch(deps, { isNow: true, windowSeconds: 0 }, never);
}

async function connect(deps: Deps, accountId: AccountId, object: DataObject): Promise<void> {
  const selection = { objects: [object], history: "all" as const };
  const settings = { file: "warehouse.duckdb" };
  await createConnection(deps, { accountId, kind: "duckdb", settings, tablePrefix: "klaviyo_", selection }, never);
}

/** Throws where it finds no state, or where the change did not arrive: a share of nothing is no measurement. */
async function changed(
  deps: Deps,
  accountId: AccountId,
  upload: () => Promise<() => Promise<void>>,
  workflows: { settled(): Promise<void> },
): Promise<WorkloadResult["change"]> {
  const [state, log] = [`state/${accountId}/`, `change/${accountId}/`];
  const before = await sizesUnder(deps, [state, log]);
  await (await upload())();
  await workflows.settled();
  await tick(deps);
  await workflows.settled();
  const after = await sizesUnder(deps, [state, log]);
  const stateMb = megabytes([...before].filter(([key]) => key.startsWith(state)));
  const writtenMb = megabytes([...after].filter(([key]) => !before.has(key)));
  if (!(stateMb > 0 && writtenMb > 0))
    throw new Error(`the change was not measured: it wrote ${writtenMb} MB beside ${stateMb} MB of state`);
  return { stateMb, writtenMb };
}

function megabytes(sizes: readonly (readonly [string, number])[]): number {
  return sizes.reduce((total, [, bytes]) => total + bytes / 1e6, 0);
}

/** Bytes of every object under the prefixes, by key. */
async function sizesUnder(deps: Deps, prefixes: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const prefix of prefixes) {
    for (let after = prefix; ; ) {
      const page = await deps.files.list(prefix, { after });
      for (const { key, bytes } of page) sizes.set(key, bytes);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.key;
    }
  }
  return sizes;
}

async function measured(name: string, ...works: (() => Promise<unknown>)[]): Promise<Phase> {
  let rssMbMax = 0;
  const look = () => {
    rssMbMax = Math.max(rssMbMax, process.memoryUsage.rss() / 1e6);
  };
  const timer = setInterval(look, 50);
  const [before, started] = [ioBytes(), performance.now()];
  for (const work of works) await work();
  const ms = performance.now() - started;
  clearInterval(timer);
  look();
  const after = ioBytes();
  const mb = (key: "read" | "written") =>
    before === null || after === null ? null : Math.round((after[key] - before[key]) / 1e6);
  return { name, ms, rssMbMax: Math.round(rssMbMax), readMb: mb("read"), writtenMb: mb("written") };
}

function ioBytes(): { read: number; written: number } | null {
  try {
    const text = readFileSync("/proc/self/io", "utf8");
    const field = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, "m").exec(text)?.[1]);
    return { read: field("rchar"), written: field("wchar") };
  } catch {
    return null;
  }
}

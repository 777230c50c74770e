import { join, resolve } from "node:path";
import { type Engine, sqlTexts, startEngine } from "../../lib/engine/engine.ts";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { createUser } from "../../lib/flows/accounts/create-user.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { getImport } from "../../lib/flows/import/get-import.ts";
import { saveMapping } from "../../lib/flows/import/save-mapping.ts";
import type { Files, Workflows } from "../../lib/flows/ports.ts";
import { steps } from "../../lib/flows/steps.ts";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import { intakeEntries } from "../../lib/flows/store/log.ts";
import { readList } from "../../lib/flows/store/records.ts";
import type { AccountId, ImportId, UserId } from "../../lib/model/ids.ts";
import type { ImportRecord } from "../../lib/model/import.ts";
import type { DataObject, IntakeList } from "../../lib/model/log.ts";
import { FolderMapping } from "../../lib/model/mapping.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { type EmbeddedWorkflows, openWorkflows } from "../../lib/platform/embedded/workflows.ts";
import { anySignal } from "./account-rig.ts";
import { bareDeps, type LoggedEvent } from "./bare-deps.ts";
import { seededRandomness, type WindableClock, windableClock } from "./clock.ts";
import { tempFolder } from "./temp-folder.ts";

export type Row = Record<string, unknown>;

/** An account with one user, and the import machine at work on what is dropped. */
export interface ImportRig extends Disposable {
  readonly deps: Deps;
  readonly clock: WindableClock;
  readonly events: LoggedEvent[];
  readonly accountId: AccountId;
  readonly userId: UserId;
  readonly workflows: EmbeddedWorkflows;
  /** Puts a file in the inbox and tells nobody. */
  put(path: string, content: string | Uint8Array): Promise<{ key: string; version: string }>;
  map(object: DataObject, mapping: unknown): Promise<void>;
  /** Puts a file in the inbox and says so, as the SFTP endpoint does. Does not wait. */
  upload(path: string, content: string | Uint8Array): Promise<ImportId>;
  /** Uploads and answers how the import ended. */
  drop(path: string, content: string | Uint8Array): Promise<ImportRecord>;
  record(id: ImportId): Promise<ImportRecord>;
  /** Rows of all intake entries, in log order, `firstRow` order within. */
  rows(object: DataObject): Promise<readonly Row[]>;
  /** What the uploader finds under `/results`; undefined when there is none. */
  result(record: ImportRecord, kind: "report" | "rejected"): Promise<string | undefined>;
}

export interface ImportRigOptions {
  readonly rangeBytesMin?: number;
  readonly folder?: string;
  readonly wrap?: (deps: Deps) => Deps;
  /** Replaces some of the deps. */
  readonly given?: Partial<Deps>;
}

let engine: Promise<Engine> | undefined;

/** One engine serves all rigs of a test process. */
export function sharedEngine(): Promise<Engine> {
  engine ??= startEngine({ tempFolder: join(tempFolder().path, "spill"), threads: 2 });
  return engine;
}

export async function importRig(options: ImportRigOptions = {}): Promise<ImportRig> {
  const own = options.folder === undefined ? tempFolder() : undefined;
  const folder = options.folder ?? own?.path ?? "";
  const clock = windableClock();
  const table = openTable(join(folder, "table.sqlite"), { clock, survives: "process" });
  const files = openFiles(join(folder, "files"), { clock });
  const events: LoggedEvent[] = [];
  const workflows = openWorkflows({
    folder: resolve(import.meta.dirname, "../../state-machines"),
    files,
    clock,
    randomness: seededRandomness(),
    wait: async (ms) => clock.wind(ms),
    runStep: async (name, input, stop) => steps[name]?.(deps, input, stop),
  });
  const nothing = async () => {};
  const sftpUsers = { createUser: nothing, addKey: nothing, removeKey: nothing, removeUser: nothing };
  const bare = bareDeps({
    events,
    given: {
      table,
      files,
      clock,
      randomness: seededRandomness(),
      engine: await sharedEngine(),
      workflows: cuttingFiner(workflows, options.rangeBytesMin),
      sftpUsers,
      scratchFolder: join(folder, "scratch"),
      ...options.given,
    },
  });
  const deps = options.wrap?.(bare) ?? bare;
  const { id: accountId } = await createAccount(bare, { name: "Shop", requestId: "shop" }, anySignal);
  const { id: userId } = await createUser(bare, { accountId, name: "Una", requestId: "una" }, anySignal);
  const rig = { deps, clock, events, accountId, userId, workflows };
  const put = (path: string, content: string | Uint8Array) => putInto(rig, files, path, content);
  const upload = async (path: string, content: string | Uint8Array) => {
    const record = await acceptUpload(deps, { accountId, userId, ...(await put(path, content)) }, anySignal);
    if (record === undefined) throw new Error(`${path} was not accepted`);
    return record.id;
  };
  const record = (importId: ImportId) => getImport(bare, { accountId, importId }, anySignal);
  return {
    ...rig,
    put,
    map: async (object, mapping) =>
      void (await saveMapping(deps, { accountId, object, mapping: FolderMapping.parse(mapping) }, anySignal)),
    upload,
    drop: async (path, content) => {
      const id = await upload(path, content);
      await workflows.settled();
      return record(id);
    },
    record,
    rows: (object) => rowsOf(bare, accountId, object),
    result: async ({ object, name, id }, kind) => {
      const bytes = await files.get(fileKeys.results(accountId, userId, `${object}/${name}.${id}.${kind}.csv`));
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    },
    [Symbol.dispose]: () => {
      workflows[Symbol.dispose]();
      table[Symbol.dispose]();
      own?.[Symbol.dispose]();
    },
  };
}

function cuttingFiner(workflows: Workflows, rangeBytesMin: number | undefined): Workflows {
  const extra = rangeBytesMin === undefined ? {} : { rangeBytesMin };
  return {
    start: (machine, name, input) => workflows.start(machine, name, { ...input, ...extra }),
    stop: (machine, name) => workflows.stop(machine, name),
    describe: (machine, name) => workflows.describe(machine, name),
  };
}

async function putInto(
  { accountId, userId, clock }: Pick<ImportRig, "accountId" | "userId" | "clock">,
  files: Files,
  path: string,
  content: string | Uint8Array,
): Promise<{ key: string; version: string }> {
  clock.wind(1_000);
  const key = fileKeys.inbox(accountId, userId, path);
  const { version } = await files.put(key, typeof content === "string" ? Buffer.from(content) : content);
  return { key, version };
}

async function rowsOf(deps: Deps, accountId: AccountId, object: DataObject): Promise<readonly Row[]> {
  const rows: Row[] = [];
  await using session = await deps.engine.open(anySignal);
  for (const entry of await intakeEntries(deps.table, accountId, 0, 1_000)) {
    const list = await readList<IntakeList>(deps.files, entry.listKey);
    for (const file of list?.[object] ?? []) {
      await using local = await deps.files.download(file.key);
      rows.push(...(await session.json(`SELECT * FROM read_parquet(${sqlTexts([local.path])})`)));
    }
  }
  return rows;
}

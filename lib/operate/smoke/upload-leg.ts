import type { AnswerOf, Client } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import type { SampleData, SampleFile } from "../../local/demo/sample-data.ts";
import type { SftpLogin, SftpSession } from "../../local/demo/sftp-upload.ts";
import { SmokeFailed, type SmokeStory } from "./smoke-story.ts";
import { addFreshKey, logIn, type SmokeTenant } from "./uploader.ts";
import { pause } from "./wait.ts";

type Import = AnswerOf<Routes["GET /imports"]>["items"][number];

export interface UploadLegOptions {
  readonly data: SampleData;
  readonly sftp: { readonly host: string; readonly port: number };
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

interface Upload {
  readonly folder: "profiles" | "events";
  readonly file: SampleFile;
  /** Why its wrong rows are rejected. */
  readonly code: string;
}

/** From the moment of the upload until an import shows: longer, and no event came. */
const appearanceMs = 5 * 60_000;

/** Uploads over SFTP as anybody would, waits for the imports, and compares counts and the file of rejected rows. */
export async function runUploadLeg(story: SmokeStory, tenant: SmokeTenant, options: UploadLegOptions): Promise<void> {
  const uploads: readonly Upload[] = [
    { folder: "profiles", file: options.data.profiles, code: "INVALID_EMAIL" },
    { folder: "events", file: options.data.events, code: "INVALID_DATE" },
  ];
  await using closing = new AsyncDisposableStack();
  let session: SftpSession | undefined;
  await story.step("log in over SFTP", async () => {
    const login = await loginOf(tenant, options);
    session = closing.use(await logIn(login, options.pollMs, options.signal));
    const hostKey =
      login.hostKeyFingerprint === ""
        ? `host key ${session.hostKeyFingerprint}, which this API does not tell: AWS made it`
        : "host key as the API tells";
    return `${login.username}@${login.host}:${login.port}, ${hostKey}`;
  });
  if (session === undefined) throw new TypeError("there is no session");
  const sftp = session;
  await story.step("upload two files", async () => {
    for (const { folder, file } of uploads) await sftp.put(`/${folder}/${file.name}`, Buffer.from(file.text));
    return uploads.map(({ folder, file }) => `/${folder}/${file.name} (${file.rows} rows)`).join(", ");
  });
  let imports: readonly Import[] = [];
  await story.step("import them", async () => {
    imports = await waitForImports(story, tenant.api, uploads, options);
    for (const [index, upload] of uploads.entries()) checkCounts(upload, imports[index]);
    return imports
      .map(({ rowsAccepted, rowsRejected }) => `${rowsAccepted} accepted, ${rowsRejected} rejected`)
      .join("; ");
  });
  await story.step("find the rejected rows in /results", async () => {
    for (const [index, upload] of uploads.entries()) await checkRejected(sftp, upload, imports[index]);
    return uploads.map(({ code }) => code).join(", ");
  });
}

async function loginOf(tenant: SmokeTenant, options: UploadLegOptions): Promise<SftpLogin> {
  const { hostKeyFingerprint: told } = await tenant.api.call("GET /sftp");
  const { privateKey } = await addFreshKey(tenant);
  const { host, port } = options.sftp;
  const hostKeyFingerprint = told.replaceAll("=", "");
  return { host, port, username: tenant.user.sftpUsername, privateKey, hostKeyFingerprint };
}

/** The imports of the uploads, in their order, once all have ended. */
async function waitForImports(
  story: SmokeStory,
  api: Client<Routes>,
  uploads: readonly Upload[],
  { pollMs, signal }: UploadLegOptions,
): Promise<readonly Import[]> {
  const startedAt = performance.now();
  for (;;) {
    const { items } = await api.call("GET /imports", { query: { limit: 100 } });
    const found = uploads.map(({ folder, file }) => items.find((item) => item.file === `/${folder}/${file.name}`));
    const missing = uploads.filter((_, index) => found[index] === undefined).map(({ file }) => file.name);
    if (missing.length > 0 && performance.now() - startedAt > appearanceMs) {
      throw new SmokeFailed(
        `${missing.join(" and ")} lie in the inbox, and no import of them appeared within five minutes: see the queue of uploads and its dead letters`,
      );
    }
    const imports = found.filter((item) => item !== undefined);
    if (missing.length === 0 && imports.every((item) => item.state !== "processing")) return imports;
    story.waitFor([
      ...missing.map((name) => `event of ${name}`),
      ...imports.filter(({ state }) => state === "processing").map(importText),
    ]);
    await pause(pollMs, signal);
  }
}

function importText({ file, rowsProcessed }: Import): string {
  return `import of ${file} ${rowsProcessed.percent} %`;
}

function checkCounts({ file }: Upload, found: Import | undefined): void {
  if (found?.error != null) throw new SmokeFailed(`${file.name}: ${found.error.message}\n    fix: ${found.error.fix}`);
  const expected = { accepted: file.rows - file.rejected, rejected: file.rejected };
  if (found?.rowsAccepted === expected.accepted && found.rowsRejected === expected.rejected) return;
  throw new SmokeFailed(
    `${file.name}: ${found?.rowsAccepted} rows accepted and ${found?.rowsRejected} rejected, not ${expected.accepted} and ${expected.rejected}`,
  );
}

async function checkRejected(
  sftp: SftpSession,
  { folder, file, code }: Upload,
  found: Import | undefined,
): Promise<void> {
  const path = `/results/${folder}/${file.name}.${found?.id}.rejected.csv`;
  const lines = new TextDecoder()
    .decode(await sftp.get(path))
    .trimEnd()
    .split("\n")
    .slice(1);
  if (lines.length === file.rejected && lines.every((line) => line.includes(code))) return;
  throw new SmokeFailed(`${path} holds ${lines.length} rows, not ${file.rejected} with the reason ${code}`);
}

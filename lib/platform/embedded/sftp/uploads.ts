import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { FileInfo, Files } from "../../../flows/ports.ts";
import { fileKeys } from "../../../flows/store/keys.ts";
import { readList, writeList } from "../../../flows/store/records.ts";
import type { AccountId, UserId } from "../../../model/ids.ts";
import type { Instant } from "../../../model/time.ts";
import type { UploadPlace } from "./places.ts";
import { denied, type Refusal } from "./refusal.ts";
import type { TreeFile, UserTree } from "./user-tree.ts";

/** An upload under its final name, ready to be imported. */
export interface Upload {
  readonly accountId: AccountId;
  readonly userId: UserId;
  readonly key: string;
  readonly version: string;
  readonly bytes: number;
}

/** Where uploads go, and who hears of them. */
export interface UploadDesk {
  readonly files: Files;
  /** Told of each upload; should start its import and return. When it fails the upload stays, for the sweep to find. */
  readonly onUpload: (upload: Upload) => Promise<void>;
  /** True when no import has claimed this upload and, from now on, none will; the same answer each time. */
  readonly withdraw: (upload: Omit<Upload, "bytes">) => Promise<boolean>;
  readonly log: (event: string, fields?: Readonly<Record<string, unknown>>) => void;
}

type Owner = Pick<Upload, "accountId" | "userId">;

interface Move extends Owner {
  readonly from: string;
  readonly version: string;
  readonly to: string;
}

/** Gives whole bytes their name. One under a temporary name waits there for its renaming. */
export async function storeUpload(desk: UploadDesk, owner: Owner, key: string, path: string): Promise<void> {
  const info = await desk.files.put(key, { path });
  await announce(desk, { ...owner, ...uploadOf(info) });
}

/** Renames what is not imported yet. Killed anywhere and begun again (or finished at the next start), one name imports and no byte is lost. */
export async function renameUpload(
  desk: UploadDesk,
  owner: Owner,
  tree: UserTree,
  file: TreeFile,
  to: UploadPlace,
): Promise<void> {
  await tree.checkFree(to);
  const toKey = tree.uploadKey(to);
  if (toKey === file.key) return;
  if (isHeld(file.key)) {
    await storeOnce(desk, owner, { from: file.key, version: file.version, to: toKey, since: file.modifiedAt });
    await desk.files.delete(file.key);
    return;
  }
  const move: Move = { ...owner, from: file.key, version: file.version, to: toKey };
  const journal = `${fileKeys.moves}${owner.userId}-${file.version}`;
  await writeList(desk.files, journal, move);
  if (!(await finishMove(desk, move, journal))) throw alreadyTaken();
}

/** Removes what is not imported yet. */
export async function removeUpload(desk: UploadDesk, owner: Owner, file: TreeFile): Promise<void> {
  const { key, version } = file;
  if (!isHeld(key) && !(await desk.withdraw({ ...owner, key, version }))) throw alreadyTaken();
  await desk.files.delete(key, version);
}

/** Ends the renames that a kill cut short. */
export async function finishMoves(desk: UploadDesk): Promise<void> {
  for (const { key } of await desk.files.list(fileKeys.moves)) {
    const move = await readList<Move>(desk.files, key);
    if (move !== undefined) await finishMove(desk, move, key);
  }
}

async function finishMove(desk: UploadDesk, move: Move, journal: string): Promise<boolean> {
  const { accountId, userId, from, version, to } = move;
  // Only after this may the new name appear: else both names could be imported.
  const isOurs = await desk.withdraw({ accountId, userId, key: from, version });
  const since = (await desk.files.stat(journal))?.modifiedAt;
  if (isOurs && since !== undefined && (await desk.files.stat(from, version)) !== undefined) {
    await storeOnce(desk, { accountId, userId }, { from, version, to, since });
    await desk.files.delete(from, version);
  }
  await desk.files.delete(journal);
  return isOurs;
}

interface Copy {
  readonly from: string;
  readonly version: string;
  readonly to: string;
  /** When this copying can have begun at the earliest. */
  readonly since: Instant;
}

/** Copies an upload to its new name, unless a killed forerunner of this very copying has done it. */
async function storeOnce(desk: UploadDesk, owner: Owner, { from, version, to, since }: Copy): Promise<void> {
  await using local = await desk.files.download(from, { version });
  const twins = (await desk.files.versions(to)).filter(
    (one) => one.key === to && one.modifiedAt >= since && one.bytes === local.bytes,
  );
  const digest = twins.length === 0 ? "" : await sha256Of(local.path);
  for (const twin of twins) {
    await using other = await desk.files.download(to, { version: twin.version });
    if ((await sha256Of(other.path)) === digest) return await announce(desk, { ...owner, ...uploadOf(twin) });
  }
  await storeUpload(desk, owner, to, local.path);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function uploadOf({ key, version, bytes }: FileInfo): Pick<Upload, "key" | "version" | "bytes"> {
  return { key, version, bytes };
}

/** Says that a file waits for its import; one under a temporary name does not. */
async function announce(desk: UploadDesk, upload: Upload): Promise<void> {
  if (isHeld(upload.key)) return;
  try {
    await desk.onUpload(upload);
    desk.log("sftp.uploaded", { ...upload });
  } catch (error) {
    desk.log("sftp.announce-failed", { ...upload, message: error instanceof Error ? error.message : String(error) });
  }
}

function isHeld(key: string): boolean {
  return key.startsWith("held/");
}

function alreadyTaken(): Refusal {
  return denied("the import has taken this file; upload it under another name instead");
}

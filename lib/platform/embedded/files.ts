import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock, FileBody, FileInfo, Files, LocalFile } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";
import { codeOf, removeQuietly, translatingDisk } from "../disk.ts";
import { bringTo, flush, inFolder, linkOrCopy, openTempFolder } from "./durable.ts";
import { pathOf } from "./object-paths.ts";
import { infoOf, isVersioned, readObject, readRange } from "./object-read.ts";
import { type WalkedObject, walkObjects } from "./object-walk.ts";
import { type PresignOptions, presignUrl } from "./presign.ts";
import { tailOf, VersionMaker, versionIn, versionsIn } from "./versions.ts";

export interface FilesOptions {
  readonly clock: Pick<Clock, "now">;
  /** Absent: `presign` refuses. */
  readonly presign?: PresignOptions;
}

const listLimit = 1_000;

/**
 * Objects in a folder of this disk, safe with many processes. What is put is written, or hard-linked, under a name of its
 * own, flushed, and only then given its key. A file handed over by path must not be changed in place afterwards.
 */
export function openFiles(root: string, options: FilesOptions): Files {
  const temp = openTempFolder(join(root, "temp"), uniqueName());
  return new FolderFiles(join(root, "objects"), temp, options);
}

function uniqueName(): string {
  return randomBytes(8).toString("hex");
}

class FolderFiles implements Files {
  readonly #root: string;
  readonly #temp: string;
  readonly #options: FilesOptions;
  readonly #versions = new VersionMaker();

  constructor(root: string, temp: string, options: FilesOptions) {
    this.#root = root;
    this.#temp = temp;
    this.#options = options;
  }

  async putIfAbsent(key: string, body: FileBody): Promise<"created" | "exists"> {
    if ((await this.stat(key)) !== undefined) return "exists";
    return this.#bringing(body, (temp) =>
      isVersioned(key) ? this.#linkFirstVersion(key, temp) : this.#linkIfAbsent(key, temp),
    );
  }

  async put(key: string, body: FileBody): Promise<FileInfo> {
    return this.#bringing(body, async (temp) => {
      if (isVersioned(key)) return this.#linkNewVersion(key, temp);
      const info = await infoOf(key, { path: temp, version: undefined });
      const path = pathOf(this.#root, key, "object");
      await inFolder(dirname(path), () => rename(temp, path));
      await flush(dirname(path));
      return info;
    });
  }

  async get(
    key: string,
    options: { version?: string; range?: { start: number; end: number } } = {},
  ): Promise<Uint8Array | undefined> {
    const { version, range } = options;
    return readObject(this.#root, key, version, ({ path }) => (range ? readRange(path, range) : readFile(path)));
  }

  async stat(key: string, version?: string): Promise<FileInfo | undefined> {
    return readObject(this.#root, key, version, (found) => infoOf(key, found));
  }

  async copy({ key, ...version }: { key: string; version?: string }, to: string): Promise<void> {
    await using local = await this.download(key, version);
    await this.put(to, { path: local.path });
  }

  async download(
    key: string,
    options: { version?: string; range?: { start: number; end: number }; signal?: AbortSignal } = {},
  ): Promise<LocalFile> {
    options.signal?.throwIfAborted();
    // A link of the reader's own: the object may be deleted or replaced meanwhile.
    const path = join(this.#temp, `${uniqueName()}-${tailOf(key)}`);
    const size = await readObject(this.#root, key, options.version, async (found) => {
      await linkOrCopy(found.path, path);
      return (await stat(path)).size;
    });
    if (size === undefined) throw new SyncError("OBJECT_GONE", { message: `the object ${key} is gone` });
    const { start, end } = options.range ?? { start: 0, end: size };
    const bytes = Math.max(0, Math.min(end, size) - start);
    return { path, bytes, offset: start, [Symbol.asyncDispose]: () => removeQuietly(path) };
  }

  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<readonly FileInfo[]> {
    return this.#listing(prefix, options, async ({ key }) => [await this.stat(key)]);
  }

  async versions(prefix: string, options: { after?: string; limit?: number } = {}): Promise<readonly FileInfo[]> {
    return this.#listing(prefix, options, async ({ key, path, kind }) => {
      const ids = kind === "object" ? [undefined] : (await versionsIn(path)).map((version) => version.id);
      return Promise.all(ids.map((id) => this.stat(key, id)));
    });
  }

  async delete(key: string, version?: string): Promise<void> {
    await translatingDisk(async () => {
      const path = pathOf(this.#root, key, isVersioned(key) ? "versions" : "object");
      if (isVersioned(key)) {
        const doomed = (await versionsIn(path)).filter(({ id }) => version === undefined || id === version);
        for (const each of doomed) await rm(each.path, { force: true });
        await this.#removeEmpty(path);
      } else if ((await this.stat(key, version)) !== undefined) {
        await rm(path, { force: true });
        await this.#removeEmpty(dirname(path));
      }
    });
  }

  async presign(method: "GET" | "PUT", key: string, secondsValid: number): Promise<string> {
    const { presign, clock } = this.#options;
    if (presign === undefined)
      throw new TypeError("these files were opened without a server that answers presigned requests");
    return presignUrl(presign, { method, key, secondsValid, now: clock.now() });
  }

  /** Hands `work` the body as a finished, flushed file, and removes that name afterwards. */
  async #bringing<T>(body: FileBody, work: (temp: string) => Promise<T>): Promise<T> {
    const temp = join(this.#temp, uniqueName());
    return translatingDisk(async () => {
      try {
        await bringTo(temp, body, this.#options.clock.now());
        return await work(temp);
      } finally {
        await removeQuietly(temp);
      }
    });
  }

  async #linkIfAbsent(key: string, temp: string): Promise<"created" | "exists"> {
    const path = pathOf(this.#root, key, "object");
    try {
      await inFolder(dirname(path), () => link(temp, path));
    } catch (error) {
      if (codeOf(error) === "EEXIST") return "exists";
      throw error;
    }
    await flush(dirname(path));
    return "created";
  }

  /** The first version comes with its folder, in one rename that fails where another version lies already. */
  async #linkFirstVersion(key: string, temp: string): Promise<"created" | "exists"> {
    const folder = pathOf(this.#root, key, "versions");
    const staged = `${temp}.first`;
    const version = this.#versions.next(key, staged, undefined, this.#options.clock.now(), uniqueName());
    try {
      await mkdir(staged);
      await link(temp, version.path);
      await flush(staged);
      await inFolder(dirname(folder), () => rename(staged, folder));
    } catch (error) {
      if (codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EEXIST") return "exists";
      throw error;
    } finally {
      await removeQuietly(staged);
    }
    await flush(dirname(folder));
    return "created";
  }

  async #linkNewVersion(key: string, temp: string): Promise<FileInfo> {
    const folder = pathOf(this.#root, key, "versions");
    const newest = await versionIn(folder);
    const version = this.#versions.next(key, folder, newest, this.#options.clock.now(), uniqueName());
    const info = await infoOf(key, { path: temp, version });
    await inFolder(folder, () => link(temp, version.path));
    await flush(folder);
    return info;
  }

  /** Walks until `limit` infos are found; the last key's infos come whole. */
  async #listing(
    prefix: string,
    options: { after?: string; limit?: number },
    infosOf: (object: WalkedObject) => Promise<readonly (FileInfo | undefined)[]>,
  ): Promise<readonly FileInfo[]> {
    const limit = options.limit ?? listLimit;
    const infos: FileInfo[] = [];
    return translatingDisk(async () => {
      for await (const object of walkObjects(this.#root, prefix, options.after)) {
        if (infos.length >= limit) break;
        infos.push(...(await infosOf(object)).filter((info) => info !== undefined));
      }
      return infos;
    });
  }

  async #removeEmpty(folder: string): Promise<void> {
    const refusals = ["ENOTEMPTY", "EEXIST", "ENOENT"];
    for (let path = folder; path.length > this.#root.length; path = dirname(path)) {
      try {
        await rmdir(path);
      } catch (error) {
        if (refusals.includes(codeOf(error) ?? "")) return;
        throw error;
      }
    }
  }
}

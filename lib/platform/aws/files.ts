import { randomUUID } from "node:crypto";
import { join } from "node:path";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Clock, FileBody, FileInfo, Files, LocalFile } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";
import { removeQuietly } from "../disk.ts";
import { escapeSegment } from "../file-names.ts";
import { copyObject } from "./object-copy.ts";
import { downloadObject } from "./object-download.ts";
import { bodyTries, isAbsence, isBeyondEnd, isNoVersion, translatingS3 } from "./object-errors.ts";
import { checkObjectKey, isVersioned, mayHoldVersions, versionIdOf, versionOf } from "./object-keys.ts";
import { instantOf, listObjects, listVersions, visibleVersions } from "./object-lists.ts";
import { presignObject } from "./object-presign.ts";
import { uploadIfAbsent, uploadObject } from "./object-upload.ts";
import { retrying, statusOf } from "./retry.ts";

export interface FilesOptions {
  readonly client: S3Client;
  /** A versioned bucket; what it keeps of keys outside `inbox/` besides the newest is for its lifecycle to remove. */
  readonly bucket: string;
  /** A folder on this disk for downloads. */
  readonly scratchFolder: string;
  readonly clock: Pick<Clock, "sleep">;
  /** For the jitter between tries. @default Math.random */
  readonly fraction?: () => number;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

const listLimit = 1_000;
const tailCharactersMax = 100;

/** Objects in S3. Times of change are to the second. */
export function openFiles(options: FilesOptions): Files {
  return new BucketFiles(options);
}

class BucketFiles implements Files {
  readonly #options: FilesOptions;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  async putIfAbsent(key: string, body: FileBody): Promise<"created" | "exists"> {
    checkObjectKey(key);
    return translatingS3(() => uploadIfAbsent({ ...this.#options, key }, body));
  }

  async put(key: string, body: FileBody): Promise<FileInfo> {
    checkObjectKey(key);
    return translatingS3(async () => {
      const versionId = await uploadObject({ ...this.#options, key }, body);
      const head = await this.#head(key, isVersioned(key) ? versionId : undefined);
      if (head === undefined) throw goneError(key);
      return infoOf(key, head);
    });
  }

  async get(key: string, options: { version?: string; range?: Range } = {}): Promise<Uint8Array | undefined> {
    const { version, range } = options;
    if (range !== undefined && range.start >= range.end) {
      return (await this.stat(key, version)) === undefined ? undefined : new Uint8Array(0);
    }
    const command = new GetObjectCommand({
      ...this.#address(key, versionIdOf(key, version)),
      ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
    });
    return translatingS3(async () => {
      try {
        return await retrying(this.#options, bodyTries, async () => {
          const { Body } = await this.#options.client.send(command);
          return Body?.transformToByteArray();
        });
      } catch (error) {
        if (isBeyondEnd(error)) return new Uint8Array(0);
        if (isAbsence(error) || (version !== undefined && isNoVersion(error))) return undefined;
        throw error;
      }
    });
  }

  async stat(key: string, version?: string): Promise<FileInfo | undefined> {
    checkObjectKey(key);
    return translatingS3(async () => {
      const head = await this.#head(key, versionIdOf(key, version));
      return head && infoOf(key, head);
    });
  }

  async copy({ key, version }: { key: string; version?: string }, to: string): Promise<void> {
    checkObjectKey(key);
    checkObjectKey(to);
    const from = { key, versionId: versionIdOf(key, version) };
    const isDone = await translatingS3(() => copyObject({ ...this.#options, from, to }));
    if (!isDone) throw goneError(key);
  }

  async download(
    key: string,
    options: { version?: string; range?: Range; signal?: AbortSignal } = {},
  ): Promise<LocalFile> {
    const { version, range, signal } = options;
    checkObjectKey(key);
    signal?.throwIfAborted();
    const path = join(this.#options.scratchFolder, `${randomUUID()}-${tailOf(key)}`);
    const { start, end } = range ?? { start: 0, end: Number.POSITIVE_INFINITY };
    const source = { ...this.#options, key, versionId: versionIdOf(key, version), start, end, signal };
    try {
      const bytes = await translatingS3(() => downloadObject(source, path));
      if (bytes === undefined) throw goneError(key);
      return { path, bytes, offset: 0, [Symbol.asyncDispose]: () => removeQuietly(path) };
    } catch (error) {
      await removeQuietly(path);
      throw error;
    }
  }

  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<readonly FileInfo[]> {
    const { after, limit = listLimit } = options;
    if (mayHoldVersions(prefix)) return this.#listing(prefix, options, (versions) => versions.slice(-1));
    return translatingS3(async () => {
      const infos: FileInfo[] = [];
      for await (const info of listObjects(this.#options, { prefix, after, limit })) {
        infos.push(info);
        if (infos.length >= limit) break;
      }
      return infos;
    });
  }

  /** A key whose newest version was deleted by its owner has none to show. */
  async versions(prefix: string, options: { after?: string; limit?: number } = {}): Promise<readonly FileInfo[]> {
    if (!mayHoldVersions(prefix)) return this.list(prefix, options);
    return this.#listing(prefix, options, (versions) => versions);
  }

  async delete(key: string, version?: string): Promise<void> {
    checkObjectKey(key);
    const { client } = this.#options;
    await translatingS3(async () => {
      if (!isVersioned(key)) {
        if (versionIdOf(key, version) === undefined) await client.send(new DeleteObjectCommand(this.#address(key)));
        return;
      }
      for (const id of version === undefined ? await this.#idsOf(key) : [version]) {
        try {
          await client.send(new DeleteObjectCommand(this.#address(key, id)));
        } catch (error) {
          if (!isAbsence(error) && !isNoVersion(error)) throw error;
        }
      }
    });
  }

  async presign(method: "GET" | "PUT", key: string, secondsValid: number): Promise<string> {
    return presignObject(this.#options.client, { method, ...this.#address(key) }, secondsValid);
  }

  async #head(key: string, versionId: string | undefined): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.#options.client.send(new HeadObjectCommand(this.#address(key, versionId)));
    } catch (error) {
      if (isAbsence(error)) return undefined;
      // A HEAD has no words for why: a version no object could have, or something to be told.
      if (versionId !== undefined && statusOf(error) === 400 && (await this.#isNoVersion(key, versionId)))
        return undefined;
      throw error;
    }
  }

  async #isNoVersion(key: string, versionId: string): Promise<boolean> {
    try {
      const { Body } = await this.#options.client.send(new GetObjectCommand(this.#address(key, versionId)));
      await Body?.transformToByteArray();
      return false;
    } catch (error) {
      return isNoVersion(error);
    }
  }

  /** The keys' visible versions until `limit` is reached; the last key's come whole. */
  async #listing(
    prefix: string,
    { after, limit = listLimit }: { after?: string; limit?: number },
    pick: (oldestFirst: readonly FileInfo[]) => readonly FileInfo[],
  ): Promise<readonly FileInfo[]> {
    return translatingS3(async () => {
      const infos: FileInfo[] = [];
      for await (const listed of listVersions(this.#options, { prefix, after })) {
        infos.push(...pick(visibleVersions(listed)));
        if (infos.length >= limit) break;
      }
      return infos;
    });
  }

  async #idsOf(key: string): Promise<readonly string[]> {
    // The key itself stands first among those that start with it.
    for await (const listed of listVersions(this.#options, { prefix: key, after: undefined })) {
      return listed.key === key ? listed.ids : [];
    }
    return [];
  }

  #address(key: string, versionId?: string) {
    checkObjectKey(key);
    return { Bucket: this.#options.bucket, Key: key, ...(versionId !== undefined && { VersionId: versionId }) };
  }
}

function goneError(key: string): SyncError {
  return new SyncError("OBJECT_GONE", { message: `the object ${key} is gone` });
}

function infoOf(key: string, { VersionId, ContentLength = 0, LastModified }: HeadObjectCommandOutput): FileInfo {
  return { key, version: versionOf(key, VersionId), bytes: ContentLength, modifiedAt: instantOf(LastModified) };
}

/** The end of a key's name: readable, and with its `.csv.gz` for readers that go by it. */
function tailOf(key: string): string {
  return escapeSegment(key.slice(key.lastIndexOf("/") + 1)).slice(-tailCharactersMax);
}

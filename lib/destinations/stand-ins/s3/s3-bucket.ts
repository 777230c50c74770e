import { createHash, randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { bytesOf, keepBytes } from "./s3-bytes.ts";
import { type Preconditions, S3Failure, S3Objects, type StoredVersion, type Stretch } from "./s3-objects.ts";
import { copySourceOf, metadataOf, type S3Request, tagsOf, takeBody } from "./s3-request.ts";

/** What S3 tells of a new object. Events come in the order of creation here; `sequencer` grows with it. */
export interface CreatedObject {
  readonly key: string;
  readonly versionId: string;
  readonly bytes: number;
  readonly etag: string;
  readonly sequencer: string;
  readonly reason: "PutObject" | "CopyObject" | "CompleteMultipartUpload";
}

interface Part {
  readonly stretch: Stretch;
  readonly etag: string;
  readonly md5: string;
  readonly crc32: string;
}

type Traits = Pick<StoredVersion, "metadata" | "contentType" | "tags">;

interface Upload {
  readonly key: string;
  readonly traits: Traits;
  readonly startedAtMs: number;
  readonly parts: Map<number, Part>;
}

const partBytesMin = 5 * 1024 * 1024;

/** A versioned bucket: its objects, and the uploads that are under way. */
export class S3Bucket {
  readonly objects = new S3Objects();
  /** True plays a store that takes no notice of `If-None-Match`. */
  ignoresConditions = false;
  readonly #uploads = new Map<string, Upload>();
  readonly #folder: string;
  readonly #nowMs: () => number;
  readonly #onCreated: ((object: CreatedObject) => void) | undefined;
  #created = 0;

  constructor(folder: string, nowMs: () => number, onCreated?: (object: CreatedObject) => void) {
    this.#folder = folder;
    this.#nowMs = nowMs;
    this.#onCreated = onCreated;
  }

  /** Keys of the uploads that are neither complete nor aborted. */
  get uploadedKeys(): readonly string[] {
    return [...this.#uploads.values()].map(({ key }) => key);
  }

  async put(request: S3Request, conditions: Preconditions): Promise<StoredVersion> {
    const { stretch, md5, crc32 } = await takeBody(request, this.#folder);
    const version = {
      ...traitsOf(request),
      key: request.key,
      stretches: [stretch],
      etag: `"${md5}"`,
      crc32,
      modifiedAtMs: this.#nowMs(),
    };
    return this.#add(version, "PutObject", conditions);
  }

  createUpload(request: S3Request): string {
    const id = randomUUID();
    const started = { key: request.key, traits: traitsOf(request), startedAtMs: this.#nowMs(), parts: new Map() };
    this.#uploads.set(id, started);
    return id;
  }

  async putPart(request: S3Request, uploadId: string): Promise<Part> {
    const { stretch, md5, crc32 } = await takeBody(request, this.#folder);
    const part = { stretch, md5, crc32, etag: `"${md5}"` };
    this.#uploadOf(uploadId).parts.set(Number(request.query.get("partNumber")), part);
    return part;
  }

  /** A new object of the source's bytes and metadata. */
  async copy(request: S3Request, conditions: Preconditions): Promise<StoredVersion> {
    const source = this.#sourceOf(request);
    const bytes = await keepBytes(bytesOf(source.stretches, 0, source.bytes), this.#folder);
    const { metadata, contentType, crc32 } = source;
    const copied = { key: request.key, metadata, contentType, crc32, tags: {}, stretches: [bytes.stretch] };
    const version = { ...copied, etag: `"${bytes.md5}"`, modifiedAtMs: this.#nowMs() };
    return this.#add(version, "CopyObject", conditions);
  }

  async copyPart(request: S3Request, uploadId: string): Promise<Part> {
    const source = this.#sourceOf(request);
    const [start = 0, last = 0] = (/^bytes=(\d+)-(\d+)$/.exec(copySourceOf(request).range) ?? []).slice(1).map(Number);
    if (last >= source.bytes) throw new S3Failure(400, "InvalidArgument");
    const bytes = await keepBytes(bytesOf(source.stretches, start, last + 1), this.#folder);
    const part = { ...bytes, etag: `"${bytes.md5}"` };
    this.#uploadOf(uploadId).parts.set(Number(request.query.get("partNumber")), part);
    return part;
  }

  #sourceOf(request: S3Request): StoredVersion {
    const { key, versionId } = copySourceOf(request);
    const source = this.objects.read(key, versionId);
    const ifMatch = request.headers["x-amz-copy-source-if-match"];
    if (ifMatch !== undefined && ifMatch !== source.etag) throw new S3Failure(412, "PreconditionFailed");
    return source;
  }

  completeUpload(key: string, uploadId: string, etags: readonly string[], conditions: Preconditions): StoredVersion {
    const { traits, parts, startedAtMs } = this.#uploadOf(uploadId);
    const used = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    if (used.length === 0 || used.map(({ etag }) => etag).join() !== etags.join())
      throw new S3Failure(400, "InvalidPart");
    if (used.slice(0, -1).some(({ stretch }) => stretch.bytes < partBytesMin))
      throw new S3Failure(400, "EntityTooSmall");
    const md5 = createHash("md5");
    for (const part of used) md5.update(Buffer.from(part.md5, "hex"));
    const etag = `"${md5.digest("hex")}-${used.length}"`;
    const stretches = used.map(({ stretch }) => stretch);
    // The time of a multipart object is that of its start.
    const version = { ...traits, key, stretches, etag, crc32: undefined, modifiedAtMs: startedAtMs };
    const added = this.#add(version, "CompleteMultipartUpload", conditions);
    this.#uploads.delete(uploadId);
    return added;
  }

  async abortUpload(uploadId: string): Promise<void> {
    const { parts } = this.#uploadOf(uploadId);
    this.#uploads.delete(uploadId);
    await Promise.all([...parts.values()].map(({ stretch }) => rm(stretch.path, { force: true })));
  }

  /** Without a version: a delete marker, also on a key that is not there. */
  async delete(key: string, versionId: string | undefined): Promise<Record<string, string>> {
    if (versionId === undefined) {
      const marker = { key, stretches: [], etag: "", crc32: undefined, modifiedAtMs: this.#nowMs() };
      const { id } = this.#store({ ...marker, metadata: {}, contentType: "", tags: {} }, true);
      return { "x-amz-version-id": id, "x-amz-delete-marker": "true" };
    }
    if (!/^[A-Za-z0-9_-]{32}$/.test(versionId)) throw new S3Failure(400, "InvalidArgument");
    await this.objects.remove(key, versionId);
    return { "x-amz-version-id": versionId };
  }

  #add(
    version: Omit<StoredVersion, "id" | "isDeleteMarker" | "bytes">,
    reason: CreatedObject["reason"],
    conditions: Preconditions,
  ): StoredVersion {
    const stored = this.#store(version, false, conditions);
    this.#created += 1;
    const { key, id, bytes, etag } = stored;
    const sequencer = this.#created.toString(16).toUpperCase().padStart(18, "0");
    this.#onCreated?.({ key, versionId: id, bytes, etag: etag.replaceAll('"', ""), sequencer, reason });
    return stored;
  }

  #store(
    version: Omit<StoredVersion, "id" | "isDeleteMarker" | "bytes">,
    isDeleteMarker: boolean,
    conditions?: Preconditions,
  ): StoredVersion {
    const bytes = version.stretches.reduce((sum, stretch) => sum + stretch.bytes, 0);
    const stored = { ...version, bytes, isDeleteMarker, id: S3Objects.newVersionId() };
    this.objects.add(stored, this.ignoresConditions ? {} : conditions);
    return stored;
  }

  #uploadOf(uploadId: string): Upload {
    const upload = this.#uploads.get(uploadId);
    if (upload === undefined) throw new S3Failure(404, "NoSuchUpload");
    return upload;
  }
}

function traitsOf({ headers }: S3Request): Traits {
  return {
    metadata: metadataOf(headers),
    contentType: headers["content-type"] ?? "binary/octet-stream",
    tags: tagsOf(String(headers["x-amz-tagging"] ?? "")),
  };
}

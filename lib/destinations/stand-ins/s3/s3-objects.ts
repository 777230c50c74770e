import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";

/** A file of the stand-in's folder that holds a stretch of an object. */
export interface Stretch {
  readonly path: string;
  readonly bytes: number;
}

/** One version of a key; a delete marker has no stretches. */
export interface StoredVersion {
  readonly key: string;
  readonly id: string;
  readonly isDeleteMarker: boolean;
  readonly stretches: readonly Stretch[];
  readonly bytes: number;
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly crc32: string | undefined;
  tags: Readonly<Record<string, string>>;
}

/** An error as S3 reports it. */
export class S3Failure extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Preconditions {
  readonly ifNoneMatch?: string | undefined;
  readonly ifMatch?: string | undefined;
}

/** The keys of one versioned bucket, each with its versions, oldest first. Every call is done at once: what races is decided here. */
export class S3Objects {
  readonly #versions = new Map<string, StoredVersion[]>();
  #sortedKeys: string[] | undefined;

  static newVersionId(): string {
    return randomBytes(24).toString("base64url");
  }

  /** In the order of their bytes. */
  get keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#versions.keys()]
      .map((key) => ({ key, bytes: Buffer.from(key) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
      .map(({ key }) => key);
    return this.#sortedKeys;
  }

  versionsOf(key: string): readonly StoredVersion[] {
    return this.#versions.get(key) ?? [];
  }

  /** The version asked for, or the newest. Throws as S3 would where there is none to read. */
  read(key: string, versionId?: string): StoredVersion {
    const found = this.versionsOf(key);
    if (versionId === undefined) {
      const newest = found.at(-1);
      if (newest === undefined || newest.isDeleteMarker) throw new S3Failure(404, "NoSuchKey");
      return newest;
    }
    if (!/^[A-Za-z0-9_-]{32}$/.test(versionId)) {
      throw new S3Failure(400, "InvalidArgument", "Invalid version id specified");
    }
    const version = found.find(({ id }) => id === versionId);
    if (version === undefined) throw new S3Failure(404, "NoSuchVersion");
    if (version.isDeleteMarker) throw new S3Failure(405, "MethodNotAllowed");
    return version;
  }

  add(version: StoredVersion, { ifNoneMatch, ifMatch }: Preconditions = {}): void {
    const newest = this.versionsOf(version.key).at(-1);
    const isThere = newest !== undefined && !newest.isDeleteMarker;
    if (ifNoneMatch === "*" && isThere) throw new S3Failure(412, "PreconditionFailed");
    if (ifMatch !== undefined && !isThere) throw new S3Failure(404, "NoSuchKey");
    if (ifMatch !== undefined && newest?.etag !== ifMatch) throw new S3Failure(412, "PreconditionFailed");
    if (!this.#versions.has(version.key)) this.#sortedKeys = undefined;
    this.#versions.set(version.key, [...this.versionsOf(version.key), version]);
  }

  /** Removes a version for good, with its bytes. */
  async remove(key: string, versionId: string): Promise<void> {
    const [removed] = this.versionsOf(key).filter(({ id }) => id === versionId);
    const left = this.versionsOf(key).filter(({ id }) => id !== versionId);
    if (left.length > 0) this.#versions.set(key, left);
    else if (this.#versions.delete(key)) this.#sortedKeys = undefined;
    await Promise.all((removed?.stretches ?? []).map(({ path }) => rm(path, { force: true })));
  }
}

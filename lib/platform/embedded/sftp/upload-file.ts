import { type FileHandle, open, rm } from "node:fs/promises";
import { Extents } from "./extents.ts";
import { Refusal } from "./refusal.ts";

interface Chunk {
  readonly offset: number;
  readonly data: Uint8Array;
  readonly settle: { readonly resolve: () => void; readonly reject: (reason: unknown) => void };
}

/** A file the main job reads in minutes; more is a mistake, or a client that never ends. */
const uploadBytesMax = 64 * 1024 ** 3;
const extentsMax = 4_096;
/** What one system call writes at most. */
const buffersPerWriteMax = 64;

/** One upload on its way: a scratch file that takes writes at any offset, in any order, many at a time. */
export class UploadFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #extents = new Extents();
  #queue: Chunk[] = [];
  #draining: Promise<void> | undefined;
  #failure: Error | undefined;
  #size = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<UploadFile> {
    return new UploadFile(path, await open(path, "wx", 0o600));
  }

  get bytes(): number {
    return this.#size;
  }

  /** Resolves once the bytes are with the file system. After one failure, every write fails. */
  async write(offset: number, data: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (offset + data.length > uploadBytesMax) throw this.#fail(new Refusal("FAILURE", "the file is too large"));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.push({ offset, data, settle: { resolve, reject } });
    this.#draining ??= this.#drain();
    return promise;
  }

  async truncate(size: number): Promise<void> {
    await this.#draining;
    await this.#file.truncate(size);
    this.#extents.clip(size);
    this.#size = size;
  }

  /** Ends a whole upload; its bytes are then at `path`. Refuses one that failed or has holes; `discard` it then. */
  async finish(): Promise<void> {
    await this.#draining;
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#extents.covers(this.#size)) throw new Refusal("FAILURE", "a part of the file was never sent");
    await this.#file.close();
  }

  /** Leaves nothing. Repeats are no error. */
  async discard(): Promise<void> {
    this.#failure ??= new Refusal("FAILURE", "the upload was given up");
    await this.#draining;
    await this.#file.close();
    await rm(this.path, { force: true });
  }

  #fail(reason: unknown): Error {
    this.#failure ??= reason instanceof Error ? reason : new Error("the write failed", { cause: reason });
    return this.#failure;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const run = this.#nextRun();
      try {
        if (this.#failure !== undefined) throw this.#failure;
        await this.#writeRun(run);
        for (const chunk of run) chunk.settle.resolve();
      } catch (error) {
        const failure = this.#fail(error);
        for (const chunk of run) chunk.settle.reject(failure);
      }
    }
    this.#draining = undefined;
  }

  /** Takes the chunks from the head of the queue that follow one another in the file. */
  #nextRun(): Chunk[] {
    let length = 0;
    let end = this.#queue[0]?.offset ?? 0;
    for (const chunk of this.#queue) {
      if (chunk.offset !== end || length === buffersPerWriteMax) break;
      end += chunk.data.length;
      length += 1;
    }
    return this.#queue.splice(0, length);
  }

  async #writeRun(run: readonly Chunk[]): Promise<void> {
    const start = run[0]?.offset ?? 0;
    const bytes = run.reduce((sum, chunk) => sum + chunk.data.length, 0);
    const buffers = run.map((chunk) => chunk.data);
    let { bytesWritten: done } = await this.#file.writev(buffers, start);
    if (done < bytes) {
      // A disk that is nearly full takes a part first, and says why only when asked again.
      const whole = Buffer.concat(buffers);
      while (done < bytes) done += (await this.#file.write(whole, done, bytes - done, start + done)).bytesWritten;
    }
    this.#extents.add(start, start + bytes);
    if (this.#extents.count > extentsMax) throw new Refusal("FAILURE", "the file is sent in too many pieces");
    this.#size = Math.max(this.#size, start + bytes);
  }
}

import { readdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { SyncError } from "../../lib/model/errors.ts";
import { connect, type Session, type SftpRig, sftpRig } from "../support/sftp-rig.ts";

const failed = { code: 4 };
const full = { ...failed, message: expect.stringContaining("STORAGE_FULL") };
const csv = "Email\nada@example.com\n";

afterEach(() => {
  vi.restoreAllMocks();
});

test("a disk that fills up during an upload fails the write and the close, and nothing is left", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);
  const handle = await openUpload(session);
  vi.spyOn(await fileHandles(), "writev").mockRejectedValueOnce(
    Object.assign(new Error("no space"), { code: "ENOSPC" }),
  );

  await expect(write(session, handle, 0)).rejects.toMatchObject(full);
  await expect(write(session, handle, csv.length)).rejects.toMatchObject(full);
  await expect(session.call((sftp, done) => sftp.close(handle, done))).rejects.toMatchObject(full);

  expect(await rig.inbox()).toEqual({});
  expect(scratchOf(rig)).toEqual([]);
});

test("a disk that is full when the upload is stored fails the close, and nothing is left", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);
  const handle = await openUpload(session);
  await write(session, handle, 0);
  vi.spyOn(rig.files, "put").mockRejectedValueOnce(new SyncError("STORAGE_FULL"));

  await expect(session.call((sftp, done) => sftp.close(handle, done))).rejects.toMatchObject(full);

  expect(await rig.inbox()).toEqual({});
  expect(scratchOf(rig)).toEqual([]);
  await session.put("/events/a.csv", csv);
  expect(await rig.inbox()).toEqual({ "/events/a.csv": csv });
});

test("a disk that takes a part at a time gets the whole", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);
  const handle = await openUpload(session);
  const prototype = await fileHandles();
  const shortly = async function (this: FileHandle, buffers: readonly Uint8Array[], position?: number | null) {
    const { bytesWritten } = await this.write(buffers[0] ?? new Uint8Array(), 0, 5, position);
    return { bytesWritten, buffers };
  };
  vi.spyOn(prototype, "writev").mockImplementationOnce(shortly as FileHandle["writev"]);

  await write(session, handle, 0);
  await session.call((sftp, done) => sftp.close(handle, done));

  expect(await rig.inbox()).toEqual({ "/events/a.csv": csv });
});

test("a client that outruns the disk is made to wait", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);
  const handle = await openUpload(session);
  const prototype = await fileHandles();
  const { promise: disk, resolve: goOn } = Promise.withResolvers<void>();
  const real: unknown = Reflect.get(prototype, "writev");
  const stalled = async function (this: FileHandle, ...given: unknown[]): Promise<unknown> {
    await disk;
    return typeof real === "function" ? Reflect.apply(real, this, given) : undefined;
  };
  vi.spyOn(prototype, "writev").mockImplementation(stalled as FileHandle["writev"]);
  const [piece, count] = [Buffer.alloc(32_000, "x"), 1_500];

  const writes = Array.from({ length: count }, (_, index) =>
    session.call((sftp, done) => sftp.write(handle, piece, 0, piece.length, index * piece.length, done)),
  );
  const taken = await settledBytes(session);
  goOn();
  await Promise.all(writes);
  await session.call((sftp, done) => sftp.close(handle, done));

  // What the server holds, its socket buffers and one window; not all 48 MB.
  expect(taken).toBeLessThan(24_000_000);
  expect(rig.uploads.map((upload) => upload.bytes)).toEqual([piece.length * count]);
});

async function openUpload(session: Session): Promise<Buffer> {
  return session.call<Buffer>((sftp, done) => sftp.open("/events/a.csv", "w", done));
}

async function write(session: Session, handle: Buffer, offset: number): Promise<void> {
  await session.call((sftp, done) => sftp.write(handle, Buffer.from(csv), 0, csv.length, offset, done));
}

function scratchOf(rig: SftpRig): string[] {
  return readdirSync(join(rig.rig.folder, "scratch", "sftp-uploads"));
}

/** What all file handles of this process share. */
async function fileHandles(): Promise<FileHandle> {
  await using handle = await open("/dev/null", "r");
  return Object.getPrototypeOf(handle) as FileHandle;
}

/** Bytes that left the client, once no more do. */
async function settledBytes({ socket }: Session): Promise<number> {
  for (let last = -1; ; ) {
    const sent = socket.bytesWritten - socket.writableLength;
    if (sent === last) return sent;
    last = sent;
    await setTimeout(200);
  }
}

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import { connect, sftpRig } from "../support/sftp-rig.ts";

const denied = { code: 3 };
const failed = { code: 4 };
const noSuchFile = { code: 2 };
const csv = "Email,Name\nada@example.com,Ada\n";

describe("an upload", () => {
  test("is stored and announced once closed, under its own name", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await session.put("/profiles/people.csv", csv);

    const { accountId, id: userId } = rig.user;
    const key = fileKeys.inbox(accountId, userId, "profiles/people.csv");
    expect(await rig.inbox()).toEqual({ "/profiles/people.csv": csv });
    expect(rig.uploads).toEqual([
      { accountId, userId, key, version: (await rig.files.stat(key))?.version, bytes: csv.length },
    ]);
  });

  test("may lie in sub-folders that nobody made", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await session.put("/events/2026/11/24.csv", csv);

    expect(await rig.inbox()).toEqual({ "/events/2026/11/24.csv": csv });
    expect(await session.list("/events")).toEqual(["2026"]);
    expect(await session.list("/events/2026/11")).toEqual(["24.csv"]);
  });

  test("whose connection dies leaves nothing", async () => {
    await using rig = await sftpRig();
    const session = await connect(rig);
    const handle = await session.call<Buffer>((sftp, done) => sftp.open("/events/half.csv", "w", done));
    await session.call((sftp, done) => sftp.write(handle, Buffer.from(csv), 0, csv.length, 0, done));

    session.client.destroy();
    await session.ended;
    using next = await connect(rig);

    expect(await next.list("/events")).toEqual([]);
    expect(await rig.inbox()).toEqual({});
    expect(rig.uploads).toEqual([]);
  });

  test("that is still open shows nowhere", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    const handle = await session.call<Buffer>((sftp, done) => sftp.open("/events/open.csv", "w", done));
    await session.call((sftp, done) => sftp.write(handle, Buffer.from(csv), 0, csv.length, 0, done));

    expect(await session.list("/events")).toEqual([]);
    const found = await session.call<{ size: number }>((sftp, done) => sftp.fstat(handle, done));
    expect(found.size).toBe(csv.length);
  });

  test("stays when its announcement fails", async () => {
    const onUpload = async () => {
      throw new Error("the workflows are down");
    };
    await using rig = await sftpRig({ onUpload });
    using session = await connect(rig);

    await session.put("/events/a.csv", csv);

    expect(await rig.inbox()).toEqual({ "/events/a.csv": csv });
    expect(rig.rig.events.some(({ event }) => event === "sftp.announce-failed")).toBe(true);
  });

  test("under a name that is there adds a version", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await session.put("/events/a.csv", csv);
    await session.put("/events/a.csv", `${csv}more`);

    const versions = await rig.files.versions("inbox/");
    expect(versions.map((version) => version.version)).toEqual(rig.uploads.map((upload) => upload.version));
    expect(versions).toHaveLength(2);
  });

  test("may be empty", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await session.put("/events/empty.csv", "");

    expect(await rig.inbox()).toEqual({ "/events/empty.csv": "" });
  });

  test("still answers its sender's look after the import took it away", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a.csv", csv);
    await rig.files.delete(rig.uploads[0]?.key ?? "");

    const found = await session.call<{ size: number }>((sftp, done) => sftp.stat("/events/a.csv", done));

    expect(found.size).toBe(csv.length);
    expect(await session.list("/events")).toEqual([]);
  });
});

describe("a temporary name", () => {
  test.each(["a.csv.filepart", "a.csv.part", "a.csv.PARTIAL", "a.tmp", ".a.csv", ".staging/a.csv"])(
    "such as %s is kept without being announced, until renamed",
    async (name) => {
      await using rig = await sftpRig();
      using session = await connect(rig);
      await session.put(`/events/${name}`, csv);
      expect(rig.uploads).toEqual([]);
      expect(await rig.inbox()).toEqual({});
      expect(await session.get(`/events/${name}`)).toBe(csv);

      await session.call((sftp, done) => sftp.rename(`/events/${name}`, "/events/a.csv", done));

      expect(rig.uploads).toHaveLength(1);
      expect(await rig.inbox()).toEqual({ "/events/a.csv": csv });
      expect(await session.list("/events")).toEqual(["a.csv"]);
    },
  );

  test("renamed to another such name waits on", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a.tmp", csv);

    await session.call((sftp, done) => sftp.rename("/events/a.tmp", "/events/b.part", done));

    expect(rig.uploads).toEqual([]);
    expect(await session.list("/events")).toEqual(["b.part"]);
  });

  test("is removed by its user", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a.tmp", csv);

    await session.call((sftp, done) => sftp.unlink("/events/a.tmp", done));

    expect(await session.list("/events")).toEqual([]);
  });
});

describe("a file that is not imported yet", () => {
  test("is renamed, and only the new name can import", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a.csv", csv);

    await session.call((sftp, done) => sftp.rename("/events/a.csv", "/profiles/b.csv", done));

    expect(await rig.inbox()).toEqual({ "/profiles/b.csv": csv });
    expect(rig.uploads.map((upload) => upload.key.split("/").at(-1))).toEqual(["a.csv", "b.csv"]);
  });

  test("is removed", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a.csv", csv);

    await session.call((sftp, done) => sftp.unlink("/events/a.csv", done));

    expect(await rig.inbox()).toEqual({});
  });
});

test("a file that an import has claimed is neither renamed nor removed", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);
  await session.put("/events/a.csv", csv);
  rig.claimed.add(rig.uploads[0]?.key ?? "");

  const [renamed, removed] = await Promise.allSettled([
    session.call((sftp, done) => sftp.rename("/events/a.csv", "/events/b.csv", done)),
    session.call((sftp, done) => sftp.unlink("/events/a.csv", done)),
  ]);

  expect([renamed, removed]).toMatchObject([{ reason: denied }, { reason: denied }]);
  expect(await rig.inbox()).toEqual({ "/events/a.csv": csv });
  await rig.restart();
  expect(await rig.inbox()).toEqual({ "/events/a.csv": csv });
});

test("what is not there is neither renamed, removed nor read", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);

  const tries = await Promise.allSettled([
    session.call((sftp, done) => sftp.rename("/events/no.csv", "/events/b.csv", done)),
    session.call((sftp, done) => sftp.unlink("/events/no.csv", done)),
    session.get("/events/no.csv"),
    session.list("/events/no"),
  ]);

  expect(tries).toMatchObject(tries.map(() => ({ reason: noSuchFile })));
});

test("what a killed endpoint left half done is gone after the next start", async () => {
  await using rig = await sftpRig();
  const scratch = join(rig.rig.folder, "scratch", "sftp-uploads");
  writeFileSync(join(scratch, "half"), csv);

  await rig.restart();

  expect(readdirSync(scratch)).toEqual([]);
  expect(await rig.files.list("")).toEqual([]);
});

test("a user has at most 64 files open in one session", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);
  const open = (index: number) => session.call<Buffer>((sftp, done) => sftp.open(`/events/${index}.csv`, "w", done));
  const handles = await Promise.all(Array.from({ length: 64 }, (_, index) => open(index)));

  await expect(open(64)).rejects.toMatchObject(failed);

  await session.call((sftp, done) => sftp.close(handles[0] ?? Buffer.alloc(0), done));
  await open(64);
});

test("closing the endpoint waits for the upload that is being stored", async () => {
  let isStored = false;
  const onUpload = async () => {
    await setTimeout(50);
    isStored = true;
  };
  await using rig = await sftpRig({ onUpload });
  using session = await connect(rig);
  const handle = await session.call<Buffer>((sftp, done) => sftp.open("/events/a.csv", "w", done));
  const closing = session.call((sftp, done) => sftp.close(handle, done)).catch(() => undefined);
  while ((await rig.files.list("inbox/")).length === 0) await setTimeout(1);

  await rig.server.close();

  expect(isStored).toBe(true);
  await closing;
});

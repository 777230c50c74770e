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

describe("writes", () => {
  test("arrive in any order, many at once", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    const piece = 10_000;
    const whole = Buffer.from(Array.from({ length: 40 * piece }, (_, index) => 65 + ((index * 7) % 23)));
    const handle = await session.call<Buffer>((sftp, done) => sftp.open("/events/a.csv", "w", done));
    const offsets = Array.from({ length: 40 }, (_, index) => ((index * 17) % 40) * piece);

    await Promise.all(
      offsets.map((at) => session.call((sftp, done) => sftp.write(handle, whole, at, piece, at, done))),
    );
    await session.call((sftp, done) => sftp.close(handle, done));

    expect(await rig.inbox()).toEqual({ "/events/a.csv": whole.toString() });
  });

  test("that leave a hole are refused at the end, and nothing is stored", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    const handle = await session.call<Buffer>((sftp, done) => sftp.open("/events/a.csv", "w", done));
    await session.call((sftp, done) => sftp.write(handle, Buffer.from("end"), 0, 3, 1_000_000, done));

    await expect(session.call((sftp, done) => sftp.close(handle, done))).rejects.toMatchObject(failed);

    expect(await rig.inbox()).toEqual({});
  });

  test("to a handle that was made up, closed or opened for reading are refused", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/.keep.tmp", csv);
    const reading = await session.call<Buffer>((sftp, done) => sftp.open("/events/.keep.tmp", "r", done));

    for (const handle of [Buffer.from("nope"), Buffer.alloc(200), reading]) {
      const write = session.call((sftp, done) => sftp.write(handle, Buffer.from("x"), 0, 1, 0, done));
      await expect(write).rejects.toMatchObject(failed);
    }
  });
});

describe("a finished file", () => {
  test.each(["a", "r+", "wx"] as const)("is not opened with flags %s", async (flags) => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a.csv", csv);

    const opened = session.call<Buffer>((sftp, done) => sftp.open("/events/a.csv", flags, done));

    await expect(opened).rejects.toMatchObject(flags === "wx" ? failed : denied);
    expect(await rig.inbox()).toEqual({ "/events/a.csv": csv });
  });

  test("is not truncated, while times and permissions are taken and forgotten", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a.csv", csv);

    const truncated = session.call((sftp, done) => sftp.setstat("/events/a.csv", { size: 3 }, done));

    await expect(truncated).rejects.toMatchObject(denied);
    await session.call((sftp, done) => sftp.chmod("/events/a.csv", 0o600, done));
    await session.call((sftp, done) => sftp.utimes("/events/a.csv", 1, 1, done));
    expect(await session.get("/events/a.csv")).toBe(csv);
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

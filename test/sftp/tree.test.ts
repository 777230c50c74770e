import { describe, expect, test } from "vitest";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import { letIn, someUser } from "../support/account-rig.ts";
import { connect, type Session, type SftpRig, sftpRig } from "../support/sftp-rig.ts";
import { makeKey } from "../support/ssh-keys.ts";

const denied = { code: 3 };
const failed = { code: 4 };
const noSuchFile = { code: 2 };
const unsupported = { code: 8 };
const csv = "Email\nada@example.com\n";

describe("confinement", () => {
  test.each([
    "../../x.csv",
    "/../events/../../etc/passwd",
    "/x.csv",
    "/events",
    "/other/x.csv",
    "/eventsx/x.csv",
    "/Events/x.csv",
    "/events/../x.csv",
    "events/../../profiles",
  ])("nothing can be put at %s", async (path) => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await expect(session.put(path, csv)).rejects.toMatchObject({ code: expect.toBeOneOf([3, 4]) });

    expect(await rig.files.list("")).toEqual([]);
  });

  test("a path that climbs above the root ends at the root", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await session.put("../../../events/./a/../b.csv", csv);

    expect(await rig.inbox()).toEqual({ "/events/b.csv": csv });
    const real = await session.call<string>((sftp, done) => sftp.realpath("../../etc/../events//b.csv", done));
    expect(real).toBe("/events/b.csv");
  });

  test.each(["../../etc/passwd", "/etc/passwd", "/proc/self/environ", "/events/../../../../etc/passwd"])(
    "%s is not read",
    async (path) => {
      await using rig = await sftpRig();
      using session = await connect(rig);

      await expect(session.get(path)).rejects.toMatchObject(noSuchFile);
    },
  );

  test("links of no kind are made, read or followed", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a.tmp", csv);

    const tries = await Promise.allSettled([
      session.call((sftp, done) => sftp.symlink("/etc/passwd", "/events/link", done)),
      session.call<string>((sftp, done) => sftp.readlink("/events/a.tmp", done)),
    ]);

    expect(tries).toMatchObject([{ reason: unsupported }, { reason: unsupported }]);
    expect(await session.list("/events")).toEqual(["a.tmp"]);
  });

  test("two users see nothing of one another", async () => {
    await using rig = await sftpRig();
    const [bob, bobsKey] = [await someUser(rig.deps, "Bob"), makeKey("ed25519")];
    await letIn(rig.deps, bob, bobsKey.publicKey);
    await rig.files.put(fileKeys.results(bob.accountId, bob.id, "events/b.report.csv"), new TextEncoder().encode("b"));
    using ada = await connect(rig);
    using other = await connect(rig, { username: bob.sftpUsername, privateKey: bobsKey.privateKey });

    await other.put("/events/bob.csv", csv);
    await other.put("/events/bob.tmp", csv);
    await other.call((sftp, done) => sftp.mkdir("/events/bobs", done));

    expect(await ada.list("/events")).toEqual([]);
    expect(await ada.list("/results")).toEqual([]);
    expect(await other.list("/events")).toEqual(["bob.csv", "bob.tmp", "bobs"]);
    expect(await other.list("/results")).toEqual(["events"]);
    await expect(ada.get("/events/bob.csv")).rejects.toMatchObject(noSuchFile);
    await expect(ada.get(`/../${bob.id}/events/bob.csv`)).rejects.toMatchObject(noSuchFile);
  });
});

describe("names", () => {
  const longName = `${"n".repeat(251)}.csv`;

  test.each([
    "a%2f..%2fb.csv",
    "-rf",
    "with space.csv ",
    "trailing.",
    "CON",
    "NUL.csv",
    "emoji 🦊.csv",
    "ÅÄÖ 数据 ناس.csv",
    "*?[a-z]{b}.csv",
    "$(id)`id`;'\".csv",
    "con:stream",
    "~",
    "%00.csv",
    longName,
  ])("%j is taken as it is", async (name) => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await session.put(`/events/${name}`, csv);

    expect(await session.list("/events")).toEqual([name]);
    expect(await session.get(`/events/${name}`)).toBe(csv);
    expect(await rig.inbox()).toEqual({ [`/events/${name}`]: csv });
  });

  test.each([
    ["a newline", "a\nb.csv"],
    ["a NUL", "a\0b.csv"],
    ["DEL", "a\x7fb.csv"],
    ["a C1 control", "a\u0085b.csv"],
    ["a backslash", "..\\x.csv"],
    ["256 bytes", `${"n".repeat(252)}.csv`],
    ["a path of over 900 bytes", `${"d".repeat(200)}/`.repeat(5)],
    ["a path 17 deep", `${"d/".repeat(17)}a.csv`],
    ["a path of 5,000 bytes", "./".repeat(2_500)],
  ])("with %s are refused", async (_why, name) => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await expect(session.put(`/events/${name}`, csv)).rejects.toMatchObject(failed);

    expect(await rig.files.list("")).toEqual([]);
  });

  test("that are not UTF-8 are refused", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await expect(session.put("/events/\uFFFD.csv", csv)).rejects.toMatchObject(failed);
  });

  test("composed and decomposed are one file", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);

    await session.put("/events/é.csv".normalize("NFC"), csv);
    await session.put("/events/é.csv".normalize("NFD"), csv);

    expect(Object.keys(await rig.inbox())).toEqual(["/events/é.csv".normalize("NFC")]);
    expect(await rig.files.versions("inbox/")).toHaveLength(2);
  });
});

describe("results", () => {
  test("are listed and read", async () => {
    await using rig = await sftpRig();
    await someResult(rig, "events/a.csv.im1.report.csv", "status\ncompleted\n");
    using session = await connect(rig);

    expect(await session.list("/results")).toEqual(["events"]);
    expect(await session.list("/results/events")).toEqual(["a.csv.im1.report.csv"]);
    expect(await session.get("/results/events/a.csv.im1.report.csv")).toBe("status\ncompleted\n");
  });

  test("are not written, renamed, removed or moved into", async () => {
    await using rig = await sftpRig();
    await someResult(rig, "r.csv", "x");
    using session = await connect(rig);
    await session.put("/events/a.tmp", csv);

    const tries = await Promise.allSettled([
      session.put("/results/r.csv", csv),
      session.put("/results/new.csv", csv),
      session.call((sftp, done) => sftp.unlink("/results/r.csv", done)),
      session.call((sftp, done) => sftp.rename("/results/r.csv", "/events/r.csv", done)),
      session.call((sftp, done) => sftp.rename("/events/a.tmp", "/results/a.csv", done)),
      session.call((sftp, done) => sftp.mkdir("/results/sub", done)),
      session.call((sftp, done) => sftp.rmdir("/results", done)),
    ]);

    expect(tries).toMatchObject(tries.map(() => ({ reason: denied })));
    expect(await session.get("/results/r.csv")).toBe("x");
  });
});

describe("folders", () => {
  test("are made, listed, used and removed", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.call((sftp, done) => sftp.mkdir("/events/a", done));
    await session.call((sftp, done) => sftp.mkdir("/events/a/b", done));

    expect(await session.list("/events")).toEqual(["a"]);
    expect(await session.list("/events/a")).toEqual(["b"]);
    await expect(remove(session, "/events/a")).rejects.toMatchObject(failed);
    await remove(session, "/events/a/b");
    await remove(session, "/events/a");

    expect(await session.list("/events")).toEqual([]);
  });

  test("that hold files are not removed, and neither are the three at the top", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/a/x.csv", csv);

    await expect(remove(session, "/events/a")).rejects.toMatchObject(failed);
    await expect(remove(session, "/events")).rejects.toMatchObject(denied);
    await expect(remove(session, "/")).rejects.toMatchObject(denied);
    await expect(remove(session, "/no")).rejects.toMatchObject(noSuchFile);
  });

  test("and files do not share a name", async () => {
    await using rig = await sftpRig();
    using session = await connect(rig);
    await session.put("/events/file", csv);
    await session.put("/events/folder/x.csv", csv);
    await session.call((sftp, done) => sftp.mkdir("/events/empty", done));

    const tries = await Promise.allSettled([
      session.put("/events/folder", csv),
      session.put("/events/empty", csv),
      session.put("/events/file/x.csv", csv),
      session.call((sftp, done) => sftp.mkdir("/events/file", done)),
      session.call((sftp, done) => sftp.mkdir("/events/file/sub", done)),
      session.call((sftp, done) => sftp.rename("/events/file", "/events/folder", done)),
      session.call((sftp, done) => sftp.mkdir("/events/folder", done)),
    ]);

    expect(tries).toMatchObject(tries.map(() => ({ reason: failed })));
  });

  test("of hundreds of files and sub-folders are listed whole", async () => {
    await using rig = await sftpRig();
    const names = Array.from({ length: 450 }, (_, index) => `results-${String(index).padStart(4, "0")}.csv`);
    for (const name of names) await someResult(rig, name, "x");
    for (const name of ["sub/a.csv", "sub/b.csv", "zub/deep/er/a.csv"]) await someResult(rig, name, "x");
    using session = await connect(rig);

    const listed = await session.list("/results");

    expect(listed).toEqual([...names, "sub", "zub"]);
  });
});

async function someResult(rig: SftpRig, path: string, text: string): Promise<void> {
  await rig.files.put(fileKeys.results(rig.user.accountId, rig.user.id, path), new TextEncoder().encode(text));
}

async function remove(session: Session, path: string): Promise<void> {
  await session.call((sftp, done) => sftp.rmdir(path, done));
}

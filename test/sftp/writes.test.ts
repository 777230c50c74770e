import { describe, expect, test } from "vitest";
import { connect, sftpRig } from "../support/sftp-rig.ts";

const denied = { code: 3 };
const failed = { code: 4 };
const csv = "Email,Name\nada@example.com,Ada\n";

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

test("an upload may be cut shorter while it is open", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);
  const handle = await session.call<Buffer>((sftp, done) => sftp.open("/events/a.csv", "w", done));
  await session.call((sftp, done) => sftp.write(handle, Buffer.from(csv), 0, csv.length, 0, done));

  await session.call((sftp, done) => sftp.fsetstat(handle, { size: 5 }, done));
  await session.call((sftp, done) => sftp.close(handle, done));

  expect(await rig.inbox()).toEqual({ "/events/a.csv": csv.slice(0, 5) });
});

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import { letIn } from "../support/account-rig.ts";
import { openSshBatch } from "../support/openssh.ts";
import { sftpRig } from "../support/sftp-rig.ts";
import { isInstalled, makeKey } from "../support/ssh-keys.ts";

const csv = "Email\nada@example.com\n";

// What ssh2's own client shows in the other files of this folder, shown by the client that people have.
describe.runIf(isInstalled("sftp"))("OpenSSH's sftp", () => {
  test("puts, lists, renames, reads and removes", async () => {
    await using rig = await sftpRig();
    await rig.files.put(fileKeys.results(rig.user.accountId, rig.user.id, "r.csv"), Buffer.from("result\n"));
    writeFileSync(join(rig.rig.folder, "local.csv"), csv);

    const { code, output } = await openSshBatch(rig, [
      "cd events",
      "mkdir sub",
      "put local.csv sub/a.csv.filepart",
      "put -p local.csv b.csv",
      "ls -l",
      "rename sub/a.csv.filepart sub/a.csv",
      "get sub/a.csv back.csv",
      "put local.csv gone.csv",
      "rm gone.csv",
      "cd ../results",
      "ls -l",
      "get r.csv",
      "bye",
    ]);

    expect(output).toMatch(/-rw-r--r-- .* 22 .* b\.csv/);
    expect(output).toMatch(/-r--r--r-- .* 7 .* r\.csv/);
    expect(code).toBe(0);
    expect(readFileSync(join(rig.rig.folder, "back.csv"), "utf8")).toBe(csv);
    expect(readFileSync(join(rig.rig.folder, "r.csv"), "utf8")).toBe("result\n");
    expect(await rig.inbox()).toEqual({ "/events/b.csv": csv, "/events/sub/a.csv": csv });
    expect(rig.uploads.map((upload) => upload.key.split("/").at(-1))).toEqual(["b.csv", "a.csv", "gone.csv"]);
  });

  test.each([
    ["ed25519", undefined],
    ["ecdsa", 256],
    ["ecdsa", 384],
    ["ecdsa", 521],
    ["rsa", 2048],
  ] as const)("logs in by a key of type %s %s", async (type, bits) => {
    await using rig = await sftpRig();
    const key = makeKey(type, bits);
    await letIn(rig.deps, rig.user, key.publicKey);

    expect(await openSshBatch(rig, ["ls"], { key })).toMatchObject({ code: 0 });
  });

  test("is refused with a SHA-1 signature, an unknown key and a password", async () => {
    await using rig = await sftpRig();
    const rsa = makeKey("rsa");
    await letIn(rig.deps, rig.user, rsa.publicKey);

    const refused = [
      await openSshBatch(rig, ["ls"], { key: rsa, settings: ["PubkeyAcceptedAlgorithms=ssh-rsa"] }),
      await openSshBatch(rig, ["ls"], { key: makeKey("ed25519") }),
      await openSshBatch(rig, ["ls"], { settings: ["PreferredAuthentications=password"] }),
    ];

    for (const { code, output } of refused) {
      expect(code).not.toBe(0);
      expect(output).toMatch(/Permission denied|Connection closed/);
    }
  });

  test("moves many megabytes both ways unchanged", async () => {
    await using rig = await sftpRig();
    const big = Buffer.alloc(24 * 1024 * 1024 + 4321, "0123456789abcdefghijklmnopqrstuvwxyz\n");
    writeFileSync(join(rig.rig.folder, "big.csv"), big);

    const { code, output } = await openSshBatch(rig, ["put big.csv events/", "get events/big.csv back.csv"]);

    expect(code, output).toBe(0);
    expect(digestOf(readFileSync(join(rig.rig.folder, "back.csv")))).toBe(digestOf(big));
    expect(rig.uploads.map((upload) => upload.bytes)).toEqual([big.length]);
  });

  test("killed in the midst of an upload leaves nothing", async () => {
    await using rig = await sftpRig();
    writeFileSync(join(rig.rig.folder, "big.csv"), Buffer.alloc(64 * 1024 * 1024, "x"));
    const kill = new AbortController();
    const scratch = join(rig.rig.folder, "scratch", "sftp-uploads");

    const ended = openSshBatch(rig, ["put big.csv events/"], { kill: kill.signal });
    while (readdirSync(scratch).length === 0) await setTimeout(1);
    kill.abort();
    await ended;
    while (readdirSync(scratch).length > 0) await setTimeout(1);

    expect(await rig.files.list("")).toEqual([]);
    expect(rig.uploads).toEqual([]);
  });

  test("does not append, resume, or leave its tree", async () => {
    await using rig = await sftpRig();
    writeFileSync(join(rig.rig.folder, "local.csv"), csv.repeat(2));
    symlinkSync("/etc/passwd", join(rig.rig.folder, "link.csv"));
    await openSshBatch(rig, ["put local.csv events/a.tmp"]);
    const batch = [
      "-put -a local.csv events/a.tmp",
      "-reput local.csv events/a.tmp",
      "-get ../../../../etc/passwd stolen",
      "-ln -s /etc/passwd events/link",
      "-ln events/a.tmp events/hard",
      "-put local.csv results/x.csv",
      "-put local.csv x.csv",
      "-!true",
      "ls -a events",
    ];

    const { output } = await openSshBatch(rig, batch);

    expect(readdirSync(rig.rig.folder)).not.toContain("stolen");
    expect(output.split("\n").at(-2)?.trim()).toBe("events/a.tmp");
    expect(await rig.files.list("inbox/")).toEqual([]);
  });
});

function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

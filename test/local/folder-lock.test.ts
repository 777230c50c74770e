import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FolderInUse, lockFolder } from "../../lib/platform/embedded/folder-lock.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ws-lock-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function holderInAnotherProcess() {
  const script = join(folder, "holder.ts");
  const lockModule = resolve("lib/platform/embedded/folder-lock.ts");
  writeFileSync(
    script,
    `import { lockFolder } from ${JSON.stringify(lockModule)};
     globalThis.lock = lockFolder(${JSON.stringify(join(folder, "data"))});
     process.send("held");
     setInterval(() => {}, 60_000);`,
  );
  const child = fork(script, { stdio: "ignore" });
  await once(child, "message");
  return child;
}

describe("the lock on a data folder", () => {
  test("keeps a second process out and says who holds it", async () => {
    const child = await holderInAnotherProcess();

    try {
      expect(() => lockFolder(join(folder, "data"))).toThrow(FolderInUse);
      expect(() => lockFolder(join(folder, "data"))).toThrow(String(child.pid));
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  test("ends with a process that is killed", async () => {
    const child = await holderInAnotherProcess();
    child.kill("SIGKILL");
    await once(child, "exit");

    using lock = lockFolder(join(folder, "data"));

    expect(lock).toBeDefined();
  });

  test("can be taken again once it is given back", () => {
    lockFolder(folder)[Symbol.dispose]();

    using again = lockFolder(folder);

    expect(again).toBeDefined();
    expect(() => lockFolder(folder)).toThrow(FolderInUse);
  });
});

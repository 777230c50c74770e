import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Destination, OpenOptions, Warehouse } from "../../lib/destinations/destination.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openSecrets } from "../../lib/platform/embedded/secrets.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { openWorkflows } from "../../lib/platform/embedded/workflows.ts";
import { seededRandomness, windableClock } from "../support/clock.ts";
import { Killed, portMethods, withKillPoints } from "../support/kill-points.ts";
import { tempFolder } from "../support/temp-folder.ts";

type SomeDeps = Pick<Deps, "table" | "files" | "clock">;

function someDeps(folder: string): Deps & SomeDeps {
  const clock = windableClock();
  return {
    clock,
    table: openTable(join(folder, "table.sqlite"), { clock }),
    files: openFiles(join(folder, "files"), { clock }),
  } as Partial<Deps> as Deps;
}

/** A little flow with three effects and a handler that would add a fourth. */
async function writeThings(deps: Deps): Promise<void> {
  try {
    await deps.table.put({ pk: "p", sk: "started" });
    await deps.files.putIfAbsent("state/x", new Uint8Array(1));
    await deps.table.transact([{ put: { pk: "p", sk: "done" } }, { put: { pk: "p", sk: "list" } }]);
  } catch (error) {
    await deps.table.put({ pk: "p", sk: "handled" });
    throw error;
  }
}

async function traces(deps: Deps): Promise<string[]> {
  const keys = ["started", "done", "list", "handled"];
  const found = await Promise.all(keys.map((sk) => deps.table.get({ pk: "p", sk })));
  return [
    ...keys.filter((_, index) => found[index] !== undefined),
    ...((await deps.files.get("state/x")) === undefined ? [] : ["file"]),
  ];
}

describe("kill-points", () => {
  const names = [
    "table.put started before",
    "table.put started after",
    "files.putIfAbsent state/x before",
    "files.putIfAbsent state/x after",
    "table.transact done +1 before",
    "table.transact done +1 after",
  ];

  test("a recording names the point before and after every effect, and none for reads", async () => {
    using folder = tempFolder();
    const { deps, points } = withKillPoints(someDeps(folder.path), "record");

    await writeThings(deps);
    await traces(deps);

    expect(points).toEqual(names);
  });

  test.each([
    [0, []],
    [1, ["started"]],
    [2, ["started"]],
    [3, ["started", "file"]],
    [4, ["started", "file"]],
    [5, ["started", "done", "list", "file"]],
  ])("killed at point %i, exactly %j is there and no handler adds to it", async (killAt, left) => {
    using folder = tempFolder();
    const real = someDeps(folder.path);
    const run = withKillPoints(real, { killAt });

    await expect(writeThings(run.deps)).rejects.toThrow(Killed);

    expect(await traces(real)).toEqual(left);
    expect(run.isDead).toBe(true);
    expect(await run.killed).toBe(names[killAt]);
    await expect(run.deps.table.get({ pk: "p", sk: "started" })).rejects.toThrow(Killed);
    await expect(run.deps.clock.sleep(1)).rejects.toThrow(Killed);
  });

  test("a SIGKILL at a point ends the process there", async () => {
    using folder = tempFolder();
    const child = fork(new URL("./kill-points-victim.ts", import.meta.url), [folder.path], { stdio: "inherit" });

    const [, signal] = await once(child, "exit");

    expect(signal).toBe("SIGKILL");
    expect(await traces(someDeps(folder.path))).toEqual(["started", "file"]);
  });

  test("points stand around a warehouse's calls and at the steps inside them", async () => {
    const warehouse = { commit: async () => ({ token: "t" }), receipts: async () => [] } as Partial<Warehouse>;
    const destination = {
      kind: "fake",
      open: async (_settings: unknown, _target: unknown, options: OpenOptions) => {
        await options.onStep?.("begin", "before");
        return warehouse as Warehouse;
      },
    } as Partial<Destination>;
    const seen: string[] = [];
    const real = { destination: async () => destination } as Partial<Deps> as Deps;
    const { deps, points } = withKillPoints(real, "record");

    const opened = await (await deps.destination("fake")).open({}, {} as never, {
      signal: new AbortController().signal,
      dial: async () => Promise.reject(new Error("nothing is dialled here")),
      folder: "",
      onStep: (step, moment) => void seen.push(`${step} ${moment}`),
    });
    await opened.commit({ planId: "rn1" } as never, 1);
    await opened.receipts("s" as never, "events", { seq: 0, file: 0 });

    expect(points).toEqual(["step begin before", "warehouse.commit rn1 before", "warehouse.commit rn1 after"]);
    expect(seen).toEqual(["begin before"]);
  });

  test("a port's method that is not classified cannot be called", async () => {
    using folder = tempFolder();
    const table = Object.assign(someDeps(folder.path).table, { truncate: async () => {} });
    const { deps } = withKillPoints({ table } as Partial<Deps> as Deps, "record");

    expect(() => (deps.table as typeof table).truncate()).toThrow("table.truncate is not classified");
    expect(() => withKillPoints({ queue: {} } as unknown as Deps, "record")).toThrow("deps.queue is not classified");
  });

  test("every method of the embedded ports is classified", async () => {
    using folder = tempFolder();
    const { table, files, clock } = someDeps(folder.path);
    const secrets = await openSecrets(join(folder.path, "secrets"));
    const workflows = openWorkflows({
      folder: folder.path,
      runStep: async () => null,
      files,
      clock,
      randomness: seededRandomness(),
    });

    const ports = { table, files, secrets, workflows, clock, randomness: seededRandomness() };

    for (const [name, port] of Object.entries(ports)) {
      const classified = Object.keys(portMethods[name as keyof typeof ports]);
      const own = methodsOf(port).filter((method) => !(name === "workflows" && ["drain", "settled"].includes(method)));
      expect(classified.toSorted(), name).toEqual(
        own.filter((method) => method !== "wind" && method !== "setTo").sort(),
      );
    }
  });
});

function methodsOf(port: object): string[] {
  const prototype = Object.getPrototypeOf(port) as object;
  const names = prototype === Object.prototype ? Object.keys(port) : Object.getOwnPropertyNames(prototype);
  return names.filter((name) => name !== "constructor" && typeof Reflect.get(port, name) === "function");
}

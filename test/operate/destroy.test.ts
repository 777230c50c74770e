import { expect, test } from "vitest";
import { runDestroyCommand } from "../../lib/operate/destroy/destroy-command.ts";
import { fakeWorld } from "../support/operator-world.ts";
import { tempFolder } from "../support/temp-folder.ts";

const never = new AbortController().signal;
const stacks = {
  WarehouseSyncApp: { ApiAddress: "https://api.test" },
  WarehouseSyncData: { BucketName: "the-bucket", AccessLogsBucketName: "the-logs", TableName: "the-table" },
};

test("takes the app stack alone and says what stays", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks, answers: ["y"] });

  const exitCode = await runDestroyCommand([], fake.world, never);

  expect(exitCode).toBe(0);
  expect(fake.cdkRuns).toEqual([["destroy", "WarehouseSyncApp", "--exclusively", "--force"]]);
  expect(fake.said.join("\n")).toContain("WarehouseSyncData stays");
  expect(fake.emptied).toEqual([]);
});

test("deletes what is stored only after the typed name", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks, answers: ["warehouse-sync"] });

  const exitCode = await runDestroyCommand(["--data", "--yes"], fake.world, never);

  expect(exitCode).toBe(0);
  expect(fake.cdkRuns.map((words) => words.slice(0, 2).join(" "))).toEqual([
    "destroy WarehouseSyncApp",
    "deploy WarehouseSyncData",
    "destroy WarehouseSyncData",
  ]);
  expect(fake.cdkRuns[1]).toContain("removalPolicy=destroy");
  expect(fake.emptied).toEqual(["the-bucket", "the-logs", "warehouse-sync/"]);
});

test.for([
  ["another name", "warehouse"],
  ["no terminal", null],
] as const)("with --data and %s nothing is destroyed, --yes or not", async ([, answer]) => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks, answers: [answer] });

  const exitCode = await runDestroyCommand(["--data", "--yes"], fake.world, never);

  expect(exitCode).toBe(1);
  expect(fake.cdkRuns).toEqual([]);
  expect(fake.emptied).toEqual([]);
});

test("goes on where an earlier one ended: the app is gone, the data stack is not", async () => {
  using folder = tempFolder();
  const rest = { WarehouseSyncData: stacks.WarehouseSyncData };
  const fake = fakeWorld(folder.path, { stacks: rest, answers: ["warehouse-sync"] });

  const exitCode = await runDestroyCommand(["--data"], fake.world, never);

  expect(exitCode).toBe(0);
  expect(fake.cdkRuns.map((words) => words[0])).toEqual(["deploy", "destroy"]);
});

test("where nothing is there it does nothing", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks: {} });

  const exitCode = await runDestroyCommand(["--yes"], fake.world, never);

  expect(exitCode).toBe(0);
  expect(fake.said.join("\n")).toContain("nothing to do");
  expect(fake.cdkRuns).toEqual([]);
});

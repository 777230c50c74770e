import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { runDeployCommand } from "../../lib/operate/deploy/deploy-command.ts";
import { runDestroyCommand } from "../../lib/operate/destroy/destroy-command.ts";
import { fakeWorld } from "../support/operator-world.ts";
import { tempFolder } from "../support/temp-folder.ts";

const never = new AbortController().signal;
const place = ["--profile", "ops", "--region", "eu-west-1", "-c", "zones=1"];

test("the CDK's command line knows every option that it is given", async () => {
  using folder = tempFolder();
  const bare = fakeWorld(folder.path, { stacks: {} });
  const stacks = { WarehouseSyncApp: {}, WarehouseSyncData: { BucketName: "b" } };
  const full = fakeWorld(folder.path, { stacks, answers: ["warehouse-sync"] });

  await runDeployCommand(["--yes", ...place], bare.world, never);
  await runDestroyCommand(["--data", ...place], full.world, never);

  const runs = [...bare.cdkRuns, ...full.cdkRuns];
  expect([...new Set(runs.map(([command]) => command))].sort()).toEqual([
    "bootstrap",
    "deploy",
    "destroy",
    "diff",
    "synth",
  ]);
  for (const [command = "", ...words] of runs) {
    const help = helpOf(command);
    for (const option of words.filter((word) => word.startsWith("-"))) {
      expect(help, `cdk ${command} ${option}`).toMatch(new RegExp(`(^|[ ,])${option}[ ,]`, "m"));
    }
  }
}, 60_000);

const helps = new Map<string, string>();

function helpOf(command: string): string {
  const known = helps.get(command);
  if (known !== undefined) return known;
  const script = "node_modules/aws-cdk/bin/cdk";
  const help = execFileSync(process.execPath, [script, command, "--help"], { encoding: "utf8" });
  helps.set(command, help);
  return help;
}

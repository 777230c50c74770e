import { expect, test } from "vitest";
import { runDeployCommand } from "../../lib/operate/deploy/deploy-command.ts";
import { fakeWorld } from "../support/operator-world.ts";
import { tempFolder } from "../support/temp-folder.ts";

const never = new AbortController().signal;

test("deploys what it showed, after a yes, and says how to go on", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { answers: ["y"] });

  const exitCode = await runDeployCommand(["-c", "zones=1"], fake.world, never);

  expect(exitCode).toBe(0);
  expect(fake.cdkRuns.map((words) => words[0])).toEqual(["synth", "diff", "deploy"]);
  expect(fake.cdkRuns[0]).toContain("zones=1");
  for (const words of fake.cdkRuns.slice(1)) expect(words.join(" ")).toContain(`--app ${folder.path}`);
  const said = fake.said.join("\n");
  expect(said).toContain("https://api.test/v1");
  expect(said).toContain("192.0.2.1");
  expect(said).toContain("npm run first-account");
});

test("shows the fixed cost of what would be deployed before it asks", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { answers: ["no"] });

  const exitCode = await runDeployCommand([], fake.world, never);

  expect(exitCode).toBe(1);
  expect(fake.said.join("\n")).toMatch(/\$\d+\.\d\d a month/);
  expect(fake.said.join("\n")).toContain("NAT gateways");
  expect(fake.said.at(-1)).toBe("nothing was deployed");
  expect(fake.cdkRuns.map((words) => words[0])).not.toContain("deploy");
});

test("does not deploy without a terminal, and names the flag", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { answers: [null] });

  const exitCode = await runDeployCommand([], fake.world, never);

  expect(exitCode).toBe(1);
  expect(fake.said.at(-1)).toContain("--yes");
  expect(fake.cdkRuns.map((words) => words[0])).not.toContain("deploy");
});

test("asks nothing with --yes", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path);

  const exitCode = await runDeployCommand(["--yes"], fake.world, never);

  expect(exitCode).toBe(0);
  expect(fake.asked).toEqual([]);
});

test.for([
  ["an account that was never bootstrapped", {}, "has not been bootstrapped"],
  ["a bootstrap that is too old", { CDKToolkit: { BootstrapVersion: "5" } }, "version 5 of 6"],
] as const)("offers to bootstrap %s", async ([, stacks, reason]) => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks, answers: ["yes", "yes"] });

  const exitCode = await runDeployCommand(["--profile", "ops"], fake.world, never);

  expect(exitCode).toBe(0);
  expect(fake.said.join("\n")).toContain(reason);
  const bootstrap = fake.cdkRuns.find((words) => words[0] === "bootstrap");
  expect(bootstrap).toContain("aws://111122223333/eu-west-1");
  expect(bootstrap?.join(" ")).toContain("--profile ops");
});

test.for([
  ["no credentials", { signInFails: "Could not load credentials" }, 1, "aws sso login"],
  ["no region", { region: undefined }, 2, "--region"],
] as const)("with %s it says what to do and builds nothing", async ([, account, exitCode, fix]) => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, account);

  expect(await runDeployCommand([], fake.world, never)).toBe(exitCode);

  expect(fake.said.at(-1)).toContain(fix);
  expect(fake.cdkRuns).toEqual([]);
});

test("a CDK command that fails ends the deployment with its name", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { cdkFailsAt: "synth" });

  const exitCode = await runDeployCommand(["--yes"], fake.world, never);

  expect(exitCode).toBe(1);
  expect(fake.said.at(-1)).toContain("cdk synth ended with 1");
  expect(fake.cdkRuns).toHaveLength(1);
});

test("a -c that is no key=value is wrong usage", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path);

  expect(await runDeployCommand(["-c", "sftp"], fake.world, never)).toBe(2);

  expect(fake.said.at(-1)).toContain("key=value");
});

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, OperatorWorld } from "../../lib/operate/world.ts";

/** What the fake account is like; everything is well where nothing is said. */
export interface FakeAccount {
  readonly region?: string | undefined;
  readonly signInFails?: string;
  readonly stacks?: Record<string, Record<string, string> | undefined>;
  /** What a terminal would answer, in order; null is no terminal. */
  readonly answers?: readonly (string | null)[];
  readonly cdkFailsAt?: string;
  readonly invoke?: Cloud["invoke"];
}

export interface FakeWorld {
  readonly world: OperatorWorld;
  /** Lines and problems, in order. */
  readonly said: string[];
  readonly asked: string[];
  /** Command lines of the CDK. */
  readonly cdkRuns: string[][];
  readonly emptied: string[];
  readonly copied: string[];
}

/** A world whose CDK writes a small assembly on `synth` and outputs on `deploy`, and notes what it was told. */
export function fakeWorld(folder: string, account: FakeAccount = {}): FakeWorld {
  const fake: Omit<FakeWorld, "world"> = { said: [], asked: [], cdkRuns: [], emptied: [], copied: [] };
  const stacks = account.stacks ?? { CDKToolkit: { BootstrapVersion: "30" } };
  const answers = [...(account.answers ?? [])];
  const cloud: Cloud = {
    region: async () => ("region" in account ? account.region : "eu-west-1"),
    identity: async () => {
      if (account.signInFails !== undefined) throw new Error(account.signInFails);
      return { account: "111122223333", arn: "arn:aws:iam::111122223333:user/ann" };
    },
    outputs: async (name) => stacks[name],
    invoke: account.invoke ?? (async () => null),
    emptyBucket: async (bucket) => fake.emptied.push(bucket),
    deleteSecrets: async (prefix) => fake.emptied.push(prefix),
    copyTable: async (from, to) => {
      fake.copied.push(`${from.region}/${from.name} ${to}`);
      return { copied: 3, deleted: 1 };
    },
  };
  const run = async (words: readonly string[]) => {
    fake.cdkRuns.push([...words]);
    if (words[0] === account.cdkFailsAt) return 1;
    if (words[0] === "synth") writeAssembly(folder);
    const file = words[words.indexOf("--outputs-file") + 1];
    if (words[0] === "deploy" && words.includes("--outputs-file") && file !== undefined) {
      const outputs = { ApiAddress: "https://api.test/v1", SftpHost: "s-1.server.test", EgressAddresses: "192.0.2.1" };
      writeFileSync(file, JSON.stringify({ WarehouseSyncApp: outputs }));
    }
    return 0;
  };
  return {
    ...fake,
    world: {
      output: { line: (text) => fake.said.push(text), problem: (text) => fake.said.push(text) },
      ask: async (question) => {
        fake.asked.push(question);
        return answers.shift() ?? null;
      },
      open: () => ({ cloud, cdk: { run } }),
      installationName: (context) => context["name"] ?? "warehouse-sync",
      assemblyFolder: folder,
    },
  };
}

function writeAssembly(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const stack = (name: string) => ({
    type: "aws:cloudformation:stack",
    properties: { templateFile: `${name}.json`, stackName: name, requiresBootstrapStackVersion: 6 },
  });
  const artifacts = { A: stack("WarehouseSyncData"), B: stack("WarehouseSyncApp"), Tree: { type: "cdk:tree" } };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ artifacts }));
  const data = { Resources: { Key: { Type: "AWS::KMS::Key" } } };
  const app = { Resources: { Nat: { Type: "AWS::EC2::NatGateway" }, Ip: { Type: "AWS::EC2::EIP" } } };
  writeFileSync(join(folder, "WarehouseSyncData.json"), JSON.stringify(data));
  writeFileSync(join(folder, "WarehouseSyncApp.json"), JSON.stringify(app));
}

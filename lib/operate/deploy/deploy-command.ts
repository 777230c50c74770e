import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agree } from "../agreement.ts";
import { billTable, dollarsText } from "../costs/costs-text.ts";
import { dollarsOf, fixedCosts } from "../costs/fixed-costs.ts";
import { inventoryOf } from "../costs/inventory.ts";
import {
  contextWords,
  type OperatorFlags,
  operatorCommand,
  placeWords,
  runCdk,
  runOperatorCommand,
  signedIn,
} from "../operator-command.ts";
import { stackNames } from "../stack-names.ts";
import type { Cdk, Cloud, OperatorWorld } from "../world.ts";
import { type Assembly, readAssembly } from "./assembly.ts";
import { deployedText } from "./deployed-text.ts";

interface DeployFlags extends OperatorFlags {
  readonly yes?: true;
  readonly toolkitStackName: string;
}

/** Runs `npm run deploy`: checks, shows what would change and what it costs, asks, deploys, and says how to go on. */
export async function runDeployCommand(
  words: readonly string[],
  world: OperatorWorld,
  signal: AbortSignal,
): Promise<number> {
  const program = operatorCommand("deploy", world.output)
    .description("Deploys Warehouse Sync into an AWS account; doing it again changes only what has changed")
    .option("-y, --yes", "do not ask (needed where there is no terminal)")
    .option("--toolkit-stack-name <name>", "stack of the CDK's bootstrap", "CDKToolkit");
  return runOperatorCommand<DeployFlags>(program, words, world.output, signal, (flags) => deploy(flags, world, signal));
}

async function deploy(flags: DeployFlags, world: OperatorWorld, signal: AbortSignal): Promise<void> {
  const { output } = world;
  const name = world.installationName(flags.context);
  output.line(`✓ the options are allowed; the installation is called ${name}`);
  const { cloud, cdk } = world.open(flags);
  const { identity, region } = await signedIn(cloud, signal);
  output.line(`✓ signed in to account ${identity.account}, region ${region}, as ${identity.arn}`);
  const assembly = await synthesise(flags, world, cdk, signal);
  await ensureBootstrapped({ flags, world, cloud, cdk }, assembly, `aws://${identity.account}/${region}`, signal);
  const app = ["--app", world.assemblyFolder];
  output.line("\nWhat would change:\n");
  await runCdk(cdk, ["diff", ...app, ...placeWords(flags)], signal);
  output.line(costText(assembly));
  if (flags.yes !== true)
    await agree(world, `\nDeploy this to account ${identity.account}, region ${region}?`, "nothing was deployed");
  const outputs = await deployAll({ flags, cdk, app }, signal);
  output.line(deployedText(name, outputs[stackNames(name).app] ?? {}));
}

/** Also fetches DuckDB for the target and bundles the functions, where that has not been done. */
async function synthesise(flags: DeployFlags, world: OperatorWorld, cdk: Cdk, signal: AbortSignal): Promise<Assembly> {
  world.output.line("… building the stacks (the first time DuckDB for Lambda is fetched, too)");
  const words = ["synth", "--quiet", "--output", world.assemblyFolder, ...contextWords(flags.context)];
  await runCdk(cdk, words, signal);
  const assembly = readAssembly(world.assemblyFolder);
  world.output.line(`✓ built ${assembly.stacks.map((stack) => stack.name).join(" and ")}`);
  return assembly;
}

interface Hands {
  readonly flags: DeployFlags;
  readonly world: OperatorWorld;
  readonly cloud: Cloud;
  readonly cdk: Cdk;
}

/** The CDK needs a bucket and roles of its own in the account: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping.html */
async function ensureBootstrapped(
  { flags, world, cloud, cdk }: Hands,
  assembly: Assembly,
  environment: string,
  signal: AbortSignal,
): Promise<void> {
  const needed = assembly.bootstrapVersionMin;
  const there = Number((await cloud.outputs(flags.toolkitStackName))?.["BootstrapVersion"] ?? 0);
  if (there >= needed && there > 0) {
    world.output.line(`✓ the account is bootstrapped for the CDK (version ${there})`);
    return;
  }
  const reason = there === 0 ? "has not been bootstrapped" : `is bootstrapped with version ${there} of ${needed}`;
  world.output.line(`! ${environment} ${reason}; the CDK keeps its files and roles in a stack of its own there`);
  if (flags.yes !== true) await agree(world, `Run cdk bootstrap ${environment}?`, "nothing was deployed");
  await runCdk(cdk, ["bootstrap", environment, ...toolkit(flags), ...placeWords(flags)], signal);
}

function toolkit({ toolkitStackName }: DeployFlags): string[] {
  return ["--toolkit-stack-name", toolkitStackName];
}

function costText(assembly: Assembly): string {
  const lines = fixedCosts(inventoryOf(assembly.stacks.map((stack) => stack.template)));
  const month = dollarsOf(lines);
  return [
    `\nWhat the whole of it costs before a row moves (us-east-1, no free tier): ${dollarsText(month)} a month, ${dollarsText(month * 12)} a year\n`,
    billTable(lines, "a month"),
    "\nRows come on top: npm run costs -- --help",
  ].join("\n");
}

type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What was shown is what is deployed: the same assembly, without another synthesis. */
async function deployAll(
  { flags, cdk, app }: { readonly flags: DeployFlags; readonly cdk: Cdk; readonly app: readonly string[] },
  signal: AbortSignal,
): Promise<Outputs> {
  const folder = mkdtempSync(join(tmpdir(), "ws-deploy-"));
  const file = join(folder, "outputs.json");
  try {
    const options = ["--require-approval", "never", "--outputs-file", file, "--progress", "events"];
    await runCdk(cdk, ["deploy", "--all", ...app, ...options, ...toolkit(flags), ...placeWords(flags)], signal);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Outputs) : {};
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

import { agree, agreeByName } from "../agreement.ts";
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
import { dataOutputKeys } from "../stack-outputs.ts";
import type { Cdk, Cloud, OperatorWorld } from "../world.ts";

interface DestroyFlags extends OperatorFlags {
  readonly yes?: true;
  readonly data?: true;
}

interface Hands {
  readonly flags: DestroyFlags;
  readonly world: OperatorWorld;
  readonly cloud: Cloud;
  readonly cdk: Cdk;
  readonly name: string;
}

/** Runs `npm run destroy`: takes the app stack away; with `--data`, after a typed confirmation, all that was ever stored, too. */
export async function runDestroyCommand(
  words: readonly string[],
  world: OperatorWorld,
  signal: AbortSignal,
): Promise<number> {
  const program = operatorCommand("destroy", world.output)
    .description("Takes Warehouse Sync out of an AWS account; what is stored stays, unless --data says otherwise")
    .option("-y, --yes", "do not ask about the app stack")
    .option("--data", "delete bucket, table, secrets and key as well; asks for the installation's name");
  return runOperatorCommand<DestroyFlags>(program, words, world.output, signal, async (flags) => {
    const name = world.installationName(flags.context);
    const { cloud, cdk } = world.open(flags);
    const { identity, region } = await signedIn(cloud, signal);
    world.output.line(`In account ${identity.account}, region ${region}, as ${identity.arn}:`);
    await destroy({ flags, world, cloud, cdk, name }, signal);
  });
}

async function destroy(hands: Hands, signal: AbortSignal): Promise<void> {
  const { flags, world, cloud, name } = hands;
  const stacks = stackNames(name);
  const [app, data] = [await cloud.outputs(stacks.app), await cloud.outputs(stacks.data)];
  if (app === undefined && data === undefined) {
    world.output.line(`  neither ${stacks.app} nor ${stacks.data} is there: nothing to do`);
    return;
  }
  world.output.line(app === undefined ? `  ${stacks.app} is gone already` : goesText(stacks.app));
  if (data !== undefined) world.output.line(flags.data === true ? dataGoesText(stacks.data) : staysText(stacks.data));
  if (flags.data === true && data !== undefined)
    await agreeByName(world, name, "to delete everything that it stores", "nothing was destroyed");
  else if (app !== undefined && flags.yes !== true)
    await agree(world, `\nDestroy ${stacks.app}?`, "nothing was destroyed");
  if (app !== undefined) await runDestroy(hands, stacks.app, {}, signal);
  if (flags.data === true && data !== undefined) await destroyData(hands, stacks.data, data, signal);
  world.output.line("Done.");
}

function goesText(stack: string): string {
  return [
    `  ${stack} goes: API, functions, state machines, schedules, queues, alarms, network, SFTP endpoint`,
    "    the egress addresses and the SFTP host key go with it, unless they are your own (egressIps, sftpHostKeySecret)",
  ].join("\n");
}

function staysText(stack: string): string {
  return [
    `  ${stack} stays: bucket, table, key, and the secrets of connections`,
    '    deploying again finds all of it (SFTP users: see docs/runbook.md, "Deploying again after destroy")',
  ].join("\n");
}

function dataGoesText(stack: string): string {
  return `  ${stack} goes FOR GOOD: every upload, profile, event, account, token and secret. Customers' warehouses keep what they have.`;
}

async function runDestroy(
  { flags, cdk }: Hands,
  stack: string,
  context: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const words = ["destroy", stack, "--exclusively", "--force"];
  await runCdk(cdk, [...words, ...contextWords({ ...flags.context, ...context }), ...placeWords(flags)], signal);
}

/** First the protections are taken off by a deployment, then what CloudFormation cannot delete is, then the stack. Each step may be repeated. */
async function destroyData(
  hands: Hands,
  stack: string,
  outputs: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { flags, world, cloud, cdk, name } = hands;
  const unprotected = { removalPolicy: "destroy" };
  const context = contextWords({ ...flags.context, ...unprotected });
  const deploy = ["deploy", stack, "--exclusively", "--require-approval", "never"];
  await runCdk(cdk, [...deploy, ...context, ...placeWords(flags)], signal);
  for (const key of [dataOutputKeys.bucket, dataOutputKeys.accessLogs]) {
    const bucket = outputs[key];
    if (bucket === undefined) continue;
    const count = await cloud.emptyBucket(bucket, signal);
    world.output.line(`  ${bucket}: ${count} object versions deleted`);
  }
  const secrets = await cloud.deleteSecrets(`${name}/`, signal);
  world.output.line(`  ${secrets} secrets deleted`);
  await runDestroy(hands, stack, unprotected, signal);
}

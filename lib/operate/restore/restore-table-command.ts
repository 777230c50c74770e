import { UsageFault } from "../../local/cli/session.ts";
import { agreeByName } from "../agreement.ts";
import {
  OperatorFault,
  type OperatorFlags,
  operatorCommand,
  runOperatorCommand,
  signedIn,
} from "../operator-command.ts";
import { stackNames } from "../stack-names.ts";
import { dataOutputKeys } from "../stack-outputs.ts";
import type { OperatorWorld } from "../world.ts";

interface RestoreFlags extends OperatorFlags {
  readonly from: string;
  readonly fromRegion?: string;
}

/** Runs `npm run restore-table`: after a typed confirmation the installation's table holds exactly what another table does. */
export async function runRestoreTableCommand(
  words: readonly string[],
  world: OperatorWorld,
  signal: AbortSignal,
): Promise<number> {
  const program = operatorCommand("restore-table", world.output)
    .description(
      "Makes the installation's table hold exactly what another does: a step of docs/runbook.md, Backup and restore",
    )
    .requiredOption("--from <table>", "table to copy, such as one that point-in-time recovery made")
    .option("--from-region <name>", "its region, where it is another");
  return runOperatorCommand<RestoreFlags>(program, words, world.output, signal, (flags) =>
    restore(flags, world, signal),
  );
}

async function restore(flags: RestoreFlags, world: OperatorWorld, signal: AbortSignal): Promise<void> {
  const name = world.installationName(flags.context);
  const { cloud } = world.open(flags);
  const { identity, region } = await signedIn(cloud, signal);
  const { data } = stackNames(name);
  const table = (await cloud.outputs(data))?.[dataOutputKeys.table];
  if (table === undefined)
    throw new OperatorFault(
      `there is no stack ${data} in account ${identity.account}, region ${region}`,
      "name another place: --region, --profile, -c name=…",
    );
  const fromRegion = flags.fromRegion ?? region;
  if (flags.from === table && fromRegion === region) throw new UsageFault(`${table} is the installation's own table`);
  world.output.line(`Every item of ${table} (${region}) will be replaced by those of ${flags.from} (${fromRegion}).`);
  world.output.line("Nothing may run meanwhile: docs/runbook.md, Stop everything.");
  await agreeByName(world, name, "to go on", "nothing was changed");
  const { copied, deleted } = await cloud.copyTable({ name: flags.from, region: fromRegion }, table, signal);
  world.output.line(`Done: ${copied} items copied, ${deleted} others deleted.`);
}

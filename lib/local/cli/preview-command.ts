import { type Command, Option } from "commander";
import type { AnswerOf } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { historyWindows } from "../../model/connection.ts";
import { dataObjects } from "../../model/log.ts";
import { show } from "./output.ts";
import type { CommandContext } from "./program.ts";
import { count, duration, printable, tableText } from "./text.ts";

type Preview = AnswerOf<Routes["POST /preview"]>;

interface PreviewOptions {
  readonly history?: keyof typeof historyWindows;
  readonly objects?: readonly (typeof dataObjects)[number][];
  readonly metrics?: readonly string[];
  readonly exclude?: readonly string[];
}

/** `preview`: what a first sync would send, take and cost. */
export function addPreviewCommand(program: Command, { session, output }: CommandContext): void {
  program
    .command("preview [kind]")
    .description("estimate what a first sync would send, take and cost; changes nothing")
    .addOption(new Option("--history <window>", "past to send at first").choices(Object.keys(historyWindows)))
    .addOption(new Option("--objects <objects...>", "data objects").choices([...dataObjects]))
    .option("--metrics <names...>", "selective sync: only the events of these metrics")
    .option("--exclude <names...>", "integrations to exclude")
    .action(async (kind: string | undefined, options: PreviewOptions) => {
      const opened = session();
      const body = { ...(kind === undefined ? {} : { kind }), selection: selectionOf(options) };
      const preview = await (await opened.account()).call("POST /preview", { body });
      show(output, opened.options, preview, () => previewText(preview));
    });
}

function selectionOf({ history, objects, metrics, exclude }: PreviewOptions) {
  return {
    ...(history === undefined ? {} : { history }),
    ...(objects === undefined ? {} : { objects: [...objects] }),
    ...(metrics === undefined ? {} : { metrics: [...metrics] }),
    ...(exclude === undefined ? {} : { excludedIntegrations: [...exclude] }),
  };
}

function previewText(preview: Preview): string {
  const rows = preview.objects.map((volume) => [volume.object, volume.rows, volume.bytes, volume.files]);
  const bound = preview.isUpperBound ? "At most: the selection may leave out rows that are counted here.\n" : "";
  const time = duration(preview.estimatedSeconds * 1_000);
  return [
    `First sync to ${printable(preview.destination)}, history ${preview.selection.history}`,
    tableText(["Object", "Rows", "Bytes", "Files"], rows),
    `${bound}About ${time}, at an assumed pace.`,
    costText(preview.estimatedCost),
    ...preview.warnings.map((warning) => `Warning: ${printable(warning)}`),
  ].join("\n");
}

function costText(cost: Preview["estimatedCost"]): string {
  if (cost === null) return "What this warehouse asks for a load is not known.";
  if (cost.items.length === 0) return "Nothing is paid by use.";
  const rows = cost.items.map(({ what, dollars, price }) => [
    what,
    `$${dollars.toFixed(2)}`,
    `$${price.dollars} per ${price.per}`,
    `${price.source} (${price.seen})`,
  ]);
  const table = tableText(["Cost", "", "Price", "Source"], rows);
  return `About $${cost.dollars.toFixed(2)} by prices of ${cost.pricesCheckedOn}, in ${count(rows.length)} parts\n${table}`;
}

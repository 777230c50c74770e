import type { Destination } from "../../destinations/destination.ts";
import type { DestinationAbout } from "../../destinations/destination-about.ts";
import { destinationView } from "../../http/views/destinations.ts";
import { markdownTable } from "../costs/costs-text.ts";

/** The tables of docs/warehouses.md, by the name of their block. Throws for a kind that tells nothing about itself. */
export function destinationBlocks(kinds: readonly Destination[]): Readonly<Record<string, string>> {
  const rows = kinds.map((kind) => [
    `[${kind.title}](#${kind.title.toLowerCase().replaceAll(" ", "-")})`,
    `\`${kind.kind}\``,
    kind.embeddedOnly ? "on one machine" : "anywhere",
    aboutOf(kind).triedAgainst[0] ?? "–",
  ]);
  return {
    kinds: markdownTable(["warehouse", "kind", "where it can be used", "tried against"], rows),
    details: kinds.map(detailsOf).join("\n\n"),
  };
}

function aboutOf(kind: Destination): DestinationAbout {
  if (kind.about === undefined) throw new RangeError(`the definition of ${kind.kind} has no "about"`);
  return kind.about;
}

function detailsOf(kind: Destination): string {
  const about = aboutOf(kind);
  const facts = [
    ["sign in", listed(about.signIn)],
    ["load path", about.loadPath],
    ["staged as", formatsOf(kind)],
    ["rows lie in", about.keeps === "tables" ? "tables" : "files, which a view shows as tables"],
    ["ports", portsText(kind.ports)],
    ["a batch has at most", batchText(kind)],
    ["a value has at most", valueText(kind)],
    ["tried against", listed(about.triedAgainst)],
    ["never tried live", listed(about.neverTriedLive)],
  ];
  const fields = destinationView(kind).fields.map(({ name, label, help, required, secret, identity }) => [
    label,
    `\`${name}\``,
    [required ? "required" : "", secret ? "secret" : "", identity ? "fixed once enabled" : ""]
      .filter(Boolean)
      .join(", "),
    help,
  ]);
  return [
    `## ${kind.title}`,
    markdownTable(["", ""], facts),
    markdownTable(["field", "setting", "", "what"], fields),
    `More: [its README](../lib/destinations/${kind.kind}/README.md), [its tables](../lib/destinations/${kind.kind}/ddl.sql).`,
  ].join("\n\n");
}

/** Every format that some settings of the form ask for. */
function formatsOf(kind: Destination): string {
  const choices = kind.settings.shape["format"]?.def as { innerType?: { options?: readonly string[] } } | undefined;
  const asked = (choices?.innerType?.options ?? []).map((format) => kind.stagingOf({ format }));
  return [...new Set([kind.staging, ...asked])].map((format) => `\`${format}\``).join(", ");
}

function listed(items: readonly string[]): string {
  return items.length === 0 ? "–" : items.join("; ");
}

function portsText(ports: Destination["ports"]): string {
  if (ports === "any") return "any";
  return ports.length === 0 ? "–" : ranges(ports).join(", ");
}

/** `5431–5455` for ports in a row. */
function ranges(ports: readonly number[]): readonly string[] {
  const starts = ports.filter((port, index) => index === 0 || port !== (ports[index - 1] ?? 0) + 1);
  return starts.map((start, index) => {
    const end = ports[ports.indexOf(starts[index + 1] ?? Number.NaN) - 1] ?? ports.at(-1);
    return start === end ? String(start) : `${start}–${end}`;
  });
}

function batchText({ limits }: Destination): string {
  const { batchRowsMax, batchBytesMax, batchFilesMax } = limits;
  return `${batchRowsMax.toLocaleString("en-US")} rows, ${bytesText(batchBytesMax)}, ${batchFilesMax} files`;
}

function valueText({ limits }: Destination): string {
  const { valueBytesMax, jsonBytesMax } = limits;
  if (jsonBytesMax === undefined) return bytesText(valueBytesMax);
  return `${bytesText(valueBytesMax)}; a JSON value as a whole ${bytesText(jsonBytesMax)}`;
}

function bytesText(bytes: number | null): string {
  if (bytes === null) return "no limit of its own";
  return bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MiB` : `${bytes.toLocaleString("en-US")} bytes`;
}

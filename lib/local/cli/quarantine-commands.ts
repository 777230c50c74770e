import { appendFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { AnswerOf, Client } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { show } from "./output.ts";
import type { CommandContext } from "./program.ts";
import { UsageFault } from "./session.ts";
import { syncsText } from "./status-commands.ts";
import { count, printable, tableText } from "./text.ts";

type Quarantine = AnswerOf<Routes["GET /connections/{connectionId}/quarantine"]>["items"][number];
type Rows = AnswerOf<Routes["GET /connections/{connectionId}/quarantine/{quarantineId}/rows"]>;

/** `quarantine …`: rows that a warehouse could not hold. */
export function addQuarantineCommands(program: Command, context: CommandContext): void {
  const { session, output } = context;
  const quarantine = program.command("quarantine").description("rows that the warehouse could not hold");
  quarantine
    .command("list", { isDefault: true })
    .description("list them, file by file, newest first, with the warehouse's reason")
    .action(async () => {
      const opened = session();
      const found = await quarantineOf(await opened.account());
      show(output, opened.options, found, () => quarantineText(found));
    });
  quarantine
    .command("rows <id>")
    .description("print the rows, one JSON object a line, or write them to a file")
    .option("--to <file>", "where to write them")
    .action(async (id: string, { to }: { to?: string }) => {
      const api = await session().account();
      const params = { connectionId: (await recordNamed(api, id)).connectionId, quarantineId: id };
      let written = 0;
      if (to !== undefined) writeFileSync(to, "");
      for await (const page of pagesOf(api, params)) {
        const lines = page.rows.map((row) => JSON.stringify(row));
        written += lines.length;
        if (to === undefined) for (const line of lines) output.line(line);
        else appendFileSync(to, lines.map((line) => `${line}\n`).join(""));
      }
      if (to !== undefined) output.line(`${count(written)} rows are in ${to}`);
    });
  addReplay(quarantine, context);
}

function addReplay(quarantine: Command, { session, output }: CommandContext): void {
  quarantine
    .command("replay [ids...]")
    .description("send quarantined rows again, once the warehouse is mended")
    .option("--all", "all that were not sent again yet")
    .action(async (ids: readonly string[], { all }: { all?: true }) => {
      const opened = session();
      const api = await opened.account();
      if (ids.length === 0 && all === undefined) throw new UsageFault("name the rows by their id, or give --all");
      const records =
        all === true
          ? (await quarantineOf(api)).filter((record) => record.replayedAt === null && record.object !== "metrics")
          : await Promise.all(ids.map((id) => recordNamed(api, id)));
      const syncs = new Map<string, AnswerOf<Routes["GET /syncs/{syncId}"]>>();
      for (const { connectionId, id: quarantineId } of records) {
        const params = { connectionId, quarantineId };
        const sync = await api.call("POST /connections/{connectionId}/quarantine/{quarantineId}/replay", { params });
        syncs.set(sync.id, sync);
      }
      show(output, opened.options, [...syncs.values()], () =>
        records.length === 0 ? "There is nothing to send again." : syncsText([...syncs.values()]),
      );
    });
}

/** Of every connection of the account, whole. */
async function quarantineOf(api: Client<Routes>): Promise<readonly Quarantine[]> {
  const { items: connections } = await api.call("GET /connections");
  const found: Quarantine[] = [];
  for (const { id: connectionId } of connections)
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const query = cursor === undefined ? { limit: 100 } : { limit: 100, cursor };
      const page = await api.call("GET /connections/{connectionId}/quarantine", { params: { connectionId }, query });
      found.push(...page.items);
      cursor = page.nextCursor;
    }
  return found;
}

async function recordNamed(api: Client<Routes>, id: string): Promise<Quarantine> {
  const found = (await quarantineOf(api)).find((record) => record.id === id);
  if (found === undefined) throw new UsageFault(`there are no quarantined rows ${id}; see: npm run ws -- quarantine`);
  return found;
}

async function* pagesOf(
  api: Client<Routes>,
  params: { connectionId: string; quarantineId: string },
): AsyncGenerator<Rows> {
  for (let offset: number | null = 0; offset !== null; ) {
    const query: { offset: number; limit: number } = { offset, limit: 100 };
    const page: Rows = await api.call("GET /connections/{connectionId}/quarantine/{quarantineId}/rows", {
      params,
      query,
    });
    yield page;
    offset = page.nextOffset;
  }
}

function quarantineText(records: readonly Quarantine[]): string {
  const rows = records.map((record) => [
    record.date.slice(0, 19).replace("T", " "),
    record.object,
    record.rows,
    printable(record.reason),
    record.replayedAt === null ? "" : `sent again ${record.replayedAt.slice(0, 19).replace("T", " ")}`,
    record.id,
  ]);
  return tableText(["Date", "Object", "Rows", "Reason", "", "Id"], rows);
}

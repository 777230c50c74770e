import type { Command } from "commander";
import type { AnswerOf, Client } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { show } from "./output.ts";
import type { CommandContext } from "./program.ts";
import { UsageFault } from "./session.ts";
import { count, duration, printable, tableText } from "./text.ts";

type Items<Name extends keyof Routes> =
  AnswerOf<Routes[Name]> extends { items: readonly (infer Item)[] } ? Item : never;
type Sync = Items<"GET /syncs">;
type Import = Items<"GET /imports">;
type Connection = Items<"GET /connections">;
type ErrorItem = Items<"GET /errors">;

/** `status`, `imports`, `errors`, `runs` and `receipts`. */
export function addStatusCommands(program: Command, context: CommandContext): void {
  addOverview(program, context);
  addLists(program, context);
  addSyncLists(program, context);
}

function addOverview(program: Command, { session, output }: CommandContext): void {
  program
    .command("status")
    .description("connections, syncs, imports and errors of the account")
    .action(async () => {
      const opened = session();
      const api = await opened.account();
      const [account, connections, syncs, imports] = await Promise.all([
        api.call("GET /account"),
        api.call("GET /connections"),
        api.call("GET /syncs"),
        api.call("GET /imports", { query: { limit: 10 } }),
      ]);
      const errors = await latestErrors(api, connections.items, 5);
      const answer = { account, connections: connections.items, syncs: syncs.items, imports: imports.items, errors };
      show(output, opened.options, answer, () =>
        [
          `Account ${printable(account.name)} (${account.id})`,
          `\nConnections\n${connectionsText(connections.items)}`,
          `\nSyncs\n${syncsText(syncs.items)}`,
          `\nImports (latest 10)\n${importsText(imports.items)}`,
          `\nErrors (latest 5)\n${errorsText(errors)}`,
        ].join("\n"),
      );
    });
}

function addLists(program: Command, { session, output }: CommandContext): void {
  program
    .command("imports")
    .description("list the imports, newest first")
    .option("--limit <count>", "how many", "50")
    .action(async ({ limit }: { limit: string }) => {
      const opened = session();
      const page = await (await opened.account()).call("GET /imports", { query: { limit } });
      show(output, opened.options, page, () => importsText(page.items));
    });
  program
    .command("errors")
    .description("list the errors of the account's connections, newest first, each with its fix")
    .option("--limit <count>", "how many of each connection", "20")
    .action(async ({ limit }: { limit: string }) => {
      const opened = session();
      const api = await opened.account();
      const { items } = await api.call("GET /connections");
      const errors = await latestErrors(api, items, Number(limit));
      show(output, opened.options, errors, () => errorsText(errors));
    });
}

function addSyncLists(program: Command, { session, output }: CommandContext): void {
  program
    .command("runs [sync]")
    .description("the timeline of a sync, such as events-periodic, or of all")
    .action(async (name?: string) => {
      const opened = session();
      const api = await opened.account();
      const syncs = name === undefined ? (await api.call("GET /syncs")).items : [await syncNamed(api, name)];
      const pages = await Promise.all(
        syncs.map(({ id }) => api.call("GET /syncs/{syncId}/runs", { params: { syncId: id }, query: { limit: 20 } })),
      );
      const answer = syncs.map((sync, index) => ({ syncId: sync.id, runs: pages[index]?.items ?? [] }));
      show(output, opened.options, answer, () =>
        answer.map(({ syncId, runs }) => `${syncId}\n${runsText(runs)}`).join("\n\n"),
      );
    });
  program
    .command("receipts [sync]")
    .description("what the warehouse itself shows for a sync, or for all")
    .action(async (name?: string) => {
      const opened = session();
      const api = await opened.account();
      const all = (await api.call("GET /syncs")).items.filter((sync) => sync.status !== "Disabled");
      const syncs = name === undefined ? all : [await syncNamed(api, name)];
      const answer: ({ syncId: string } & AnswerOf<Routes["GET /syncs/{syncId}/receipts"]>)[] = [];
      // One after another: each opens the warehouse.
      for (const { id: syncId } of syncs) {
        answer.push({ syncId, ...(await api.call("GET /syncs/{syncId}/receipts", { params: { syncId } })) });
      }
      show(output, opened.options, answer, () =>
        answer
          .map(({ syncId, items, skips }) => `${syncId}\n${receiptsText(items)}${skipsText(skips.length)}`)
          .join("\n\n"),
      );
    });
}

async function latestErrors(
  api: Client<Routes>,
  connections: readonly Connection[],
  limit: number,
): Promise<readonly ErrorItem[]> {
  const pages = await Promise.all(
    connections.map(({ id }) => api.call("GET /errors", { query: { connectionId: id, limit } })),
  );
  return pages
    .flatMap((page) => page.items)
    .sort((a, b) => b.date.localeCompare(a.date))
    .slice(0, limit);
}

/** A sync by its id, or by the end of it: `profiles-historical`, `events-periodic`. */
export async function syncNamed(api: Client<Routes>, name: string): Promise<Sync> {
  const { items } = await api.call("GET /syncs");
  const found = items.filter((sync) => sync.id === name || sync.id.endsWith(`-${name}`));
  const [sync] = [...found.filter(({ status }) => status !== "Disabled"), ...found];
  if (sync !== undefined) return sync;
  const names = items.map(({ id }) => id.split("-").slice(1).join("-")).join(", ") || "none yet";
  throw new UsageFault(`there is no sync ${name}; there are: ${names}`);
}

function connectionsText(connections: readonly Connection[]): string {
  const rows = connections.map((item) => [
    item.name,
    item.destination,
    item.status,
    item.errors24h,
    timeText(item.lastSyncAt),
    timeText(item.nextRunAt),
  ]);
  return tableText(["Name", "Destination", "Status", "Errors (24 h)", "Last sync", "Next run"], rows);
}

/** The dashboard's list of syncs. */
export function syncsText(syncs: readonly Sync[]): string {
  const rows = syncs.map((item) => [
    item.tab,
    item.name,
    item.status,
    item.percent === null ? "" : `${item.percent} %`,
    item.rowsSent,
    timeText(item.startedOn),
    timeText(item.endedOn),
    freshnessText(item.dataFreshness),
    item.error?.code ?? item.reason ?? "",
  ]);
  const titles = ["", "Name", "Status", "", "Rows sent", "Started on", "Ended on", "Data freshness", ""];
  return tableText(titles, rows);
}

/** The list of imports. */
export function importsText(imports: readonly Import[]): string {
  const rows = imports.map((item) => [
    item.status,
    item.completenessConfirmed ? item.state : `${item.state}; completeness not confirmed`,
    item.file,
    `${count(item.rowsProcessed.rows)}/${item.rowsProcessed.totalIsEstimate ? "~" : ""}${count(item.rowsProcessed.total)}`,
    item.rowsRejected,
    item.rowsNew ?? "",
    item.rowsChanged ?? "",
    item.rowsAlreadyPresent ?? "",
    timeText(item.importDate),
    item.importedBy.name ?? item.importedBy.userId,
    item.error?.code ?? "",
  ]);
  return tableText(
    ["Status", "", "File", "Rows processed", "Rejected", "New", "Changed", "Present", "Import date", "Imported by", ""],
    rows,
  );
}

function errorsText(errors: readonly ErrorItem[]): string {
  if (errors.length === 0) return "  (none)";
  return errors
    .map((error) =>
      [
        `  ${timeText(error.date)}  ${error.code}  ${printable(error.summary)}`,
        ...(error.externalMessage === null ? [] : [`    external message: ${printable(error.externalMessage)}`]),
        `    fix: ${printable(error.fix)}`,
      ].join("\n"),
    )
    .join("\n");
}

function runsText(runs: readonly Items<"GET /syncs/{syncId}/runs">[]): string {
  const rows = runs.map((run) => [
    run.status,
    `${run.percent} %`,
    run.rowsProcessed.rows,
    run.rowsQuarantined,
    run.attempt,
    timeText(run.startedOn),
    timeText(run.endedOn),
    run.error?.code ?? "",
  ]);
  return tableText(["Status", "", "Rows", "Quarantined", "Attempt", "Started on", "Ended on", "Error"], rows);
}

function receiptsText(receipts: readonly Items<"GET /syncs/{syncId}/receipts">[]): string {
  const rows = receipts.map((item) => [
    item.table,
    `${item.first.seq}.${item.first.file}–${item.last.seq}.${item.last.file}`,
    item.rowsStaged,
    item.rowsInserted,
    item.rowsUpdated,
    item.rowsQuarantined,
    item.committedAt,
  ]);
  return tableText(["Table", "Range", "Staged", "Inserted", "Updated", "Quarantined", "Committed at"], rows);
}

function skipsText(skips: number): string {
  return skips === 0 ? "" : `\n  and ${count(skips)} stretches with nothing to send`;
}

/** `up to date`, or the age of the oldest record that waits. */
function freshnessText(freshness: Sync["dataFreshness"]): string {
  if (freshness === null) return "";
  return freshness.ageSeconds === null ? "up to date" : `${duration(freshness.ageSeconds * 1_000)} old`;
}

function timeText(iso: string | null): string {
  return iso === null ? "" : iso.slice(0, 19).replace("T", " ");
}

import type { AnswerOf } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { importsText, syncsText } from "../cli/status-commands.ts";
import { count, duration, tableText } from "../cli/text.ts";
import type { SampleData } from "./sample-data.ts";
import type { SftpSession } from "./sftp-upload.ts";
import type { WarehouseFacts } from "./warehouse-facts.ts";

/** Something that must be so, as counted on both sides. */
export interface Check {
  readonly what: string;
  readonly expected: string | number;
  readonly found: string | number;
}

interface Findings {
  readonly imports: AnswerOf<Routes["GET /imports"]>["items"];
  readonly syncs: AnswerOf<Routes["GET /syncs"]>["items"];
  readonly connections: AnswerOf<Routes["GET /connections"]>["items"];
  readonly receipts: AnswerOf<Routes["GET /syncs/{syncId}/receipts"]>["items"];
  /** Rejected rows by their code, from the files in /results. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly facts: WarehouseFacts;
}

/** What came of the demo. */
export interface DemoOutcome extends Findings {
  readonly place: string;
  readonly checks: readonly Check[];
  readonly elapsedMs: number;
}

/** Reads the files of rejected rows as the uploader does, and counts them by their code. */
export async function reasonsIn(sftp: SftpSession): Promise<ReadonlyMap<string, number>> {
  const reasons = new Map<string, number>();
  for (const folder of ["profiles", "events"]) {
    for (const name of await sftp.list(`/results/${folder}`)) {
      if (!name.endsWith(".rejected.csv")) continue;
      const text = new TextDecoder().decode(await sftp.get(`/results/${folder}/${name}`));
      for (const [, code = ""] of text.matchAll(/\b(INVALID_EMAIL|INVALID_DATE)\b/g)) {
        reasons.set(code, (reasons.get(code) ?? 0) + 1);
      }
    }
  }
  return reasons;
}

/** All that must add up, whatever the size. */
export function checksOf(given: Findings & { readonly data: SampleData }): readonly Check[] {
  const { data, imports, facts, receipts, reasons, syncs, connections } = given;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const uploads = [data.profiles, data.events, data.changedProfiles, data.events];
  const rejected = sum(uploads.map((file) => file.rejected));
  const people = data.profileCount + data.newCount;
  const events = data.events.rows - data.events.rejected;
  return [
    {
      what: "rows read",
      expected: sum(uploads.map((file) => file.rows)),
      found: sum(imports.map((item) => item.rowsProcessed.rows)),
    },
    { what: "rows rejected", expected: rejected, found: sum(imports.map((item) => item.rowsRejected)) },
    { what: "rows rejected, by the files in /results", expected: rejected, found: sum([...reasons.values()]) },
    { what: "profiles in the warehouse", expected: people, found: facts.profiles },
    { what: "profiles, each once", expected: people, found: facts.distinctProfiles },
    { what: "profiles that moved or joined", expected: data.changedCount + data.newCount, found: facts.moved },
    { what: "events in the warehouse", expected: events, found: facts.events },
    { what: "events, each once", expected: events, found: facts.distinctEvents },
    { what: "events without their profile", expected: 0, found: facts.eventsOfNobody },
    { what: "sum of the events' values", expected: (data.valueHundredths / 100).toFixed(2), found: facts.valueSum },
    { what: "receipts, by API and by SQL", expected: receipts.length, found: facts.receipts },
    {
      what: "rows named by receipts",
      expected: sum(receipts.map((receipt) => receipt.rowsStaged)),
      found: facts.receiptRows,
    },
    { what: "metrics", expected: 3, found: facts.metrics },
    { what: "syncs up to date or completed", expected: syncs.length, found: syncs.filter(isWell).length },
    { what: "errors in 24 hours", expected: 0, found: sum(connections.map((item) => item.errors24h)) },
  ];
}

function isWell(sync: Findings["syncs"][number]): boolean {
  return sync.tab === "Historical" ? sync.status === "Completed" : sync.dataFreshness?.isUpToDate === true;
}

/** Whether everything added up. */
export function hasAddedUp(outcome: DemoOutcome): boolean {
  return outcome.checks.every((check) => String(check.expected) === String(check.found));
}

/** The end of the demo, for people. */
export function summaryText(outcome: DemoOutcome): string {
  const { imports, syncs, receipts, reasons, checks, place, elapsedMs } = outcome;
  const rows = checks.map((check) => [
    String(check.expected) === String(check.found) ? "ok" : "WRONG",
    check.what,
    shown(check.expected),
    shown(check.found),
  ]);
  const reasonsText = [...reasons].map(([code, rejected]) => `${code} ${count(rejected)}`).join(", ");
  return [
    "",
    "In over SFTP",
    importsText([...imports].reverse()),
    `  rejected, with line and reason in /results: ${reasonsText || "none"}`,
    "",
    "Out to the warehouse",
    syncsText(syncs),
    `  ${place}`,
    `  ${count(receipts.length)} receipts in klaviyo_sync_receipt`,
    "",
    "Does it add up? (warehouse asked by plain SQL, past our own code)",
    tableText(["", "What", "Expected", "Found"], rows),
    "",
    `${hasAddedUp(outcome) ? "All of it adds up." : "It does NOT add up."} Took ${duration(elapsedMs)}.`,
  ].join("\n");
}

function shown(value: string | number): string {
  return typeof value === "number" ? count(value) : value;
}

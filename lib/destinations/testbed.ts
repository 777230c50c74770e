import { connect } from "node:net";
import { SyncError } from "../model/errors.ts";
import type { ColumnType, TableName } from "../model/tables.ts";
import type { Destination, Dial, OpenOptions, Target } from "./destination.ts";

/** What the contract suite starts for a kind: an engine to write to, and a way to look at it that is not our code. */
export interface Testbed extends AsyncDisposable {
  /** Settings as a client would post them, secrets included. */
  readonly settings: Record<string, unknown>;
  /** Reaches the stand-in on loopback, which the product's own dialler refuses. */
  readonly dial: Dial;
  readonly folder: string;
  /**
   * The table's rows as plain JSON values: text as string, int64 and decimal as decimal string, JSON parsed, instants
   * as ISO text to the microsecond (`2026-11-24T17:15:00.000000Z`), bool as boolean. In the order of their keys.
   */
  rows(table: TableName, prefix?: string): Promise<readonly Record<string, unknown>[]>;
  /** The table's columns as the engine's catalogue has them, in order; empty where there is no such table. Views do not say which may be null: `required` is null then. */
  columns(table: TableName): Promise<readonly { readonly name: string; readonly required: boolean | null }[]>;
  /** Runs statements as the customer's administrator would. */
  administer(sql: string): Promise<void>;
  /** What else a session is opened with, where this kind needs more than a dialler and a folder. */
  readonly options?: Partial<OpenOptions>;
  /** What else the target is told by, where this kind asks for it. */
  readonly target?: Pick<Target, "externalId">;
  /** Plain JSON from which `openOptionsOf` makes the same options in another process. */
  readonly handle?: unknown;
  /** Makes the tables of another prefix, as the setup script says. @default runs the setup script */
  setUp?(tablePrefix: string): Promise<void>;
  /** Takes away the receipts, the lease row aside, as anyone with rights over the target could. @default deletes them by SQL */
  loseReceipts?(): Promise<void>;
}

export type StartTestbed = () => Promise<Testbed>;

/** What a kind's `testbed.ts` exports: one stand-in, or one for each of its transports by name. The suite runs on every one. */
export interface TestbedModule {
  readonly startTestbed?: StartTestbed;
  readonly testbeds?: Readonly<Record<string, StartTestbed>>;
  /** Testbeds that pass the longest suites (kills, broken lines, processes, hosts) in the full run alone; the rest of the contract they pass every time. */
  readonly variants?: readonly string[];
  /** In another process, what a session with a running testbed is opened with. */
  readonly openOptionsOf?: (handle: unknown) => Partial<OpenOptions>;
}

/** Loads a kind's testbed module. Rejects where there is none. */
export async function loadTestbed(kind: string): Promise<TestbedModule> {
  return import(`./${kind}/testbed.ts`) as Promise<TestbedModule>;
}

/** A kind's stand-ins by name: the kind's own, and its transport's behind that where there are several. Throws where there is none. */
export function testbedsOf(kind: string, module: TestbedModule): ReadonlyMap<string, StartTestbed> {
  const byTransport = Object.entries(module.testbeds ?? {}).map(([name, start]) => [`${kind} ${name}`, start] as const);
  if (byTransport.length > 0) return new Map(byTransport);
  if (module.startTestbed !== undefined) return new Map([[kind, module.startTestbed]]);
  throw new TypeError(`lib/destinations/${kind}/testbed.ts exports neither startTestbed nor testbeds`);
}

/** The destination with its sessions opened as a testbed needs it. */
export function onTestbed(destination: Destination, bed: Pick<Testbed, "options" | "target">): Destination {
  return {
    ...destination,
    open: (settings, target, options) =>
      destination.open(settings, { ...target, ...bed.target }, { ...options, ...bed.options }),
  };
}

/** Reaches the port on this machine whatever the host is called. Throws `HOST_UNREACHABLE`. */
export const loopbackDial: Dial = (host, port, signal) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, signal });
    const onError = (cause: NodeJS.ErrnoException) =>
      reject(
        new SyncError("HOST_UNREACHABLE", { message: `${host}:${port} cannot be reached (${cause.code})`, cause }),
      );
    socket.once("error", onError).once("connect", () => resolve(socket.off("error", onError)));
  });

/** A value that an engine gave as text, as `Testbed.rows` has it. */
export function plainValue(type: ColumnType, text: unknown): unknown {
  if (text === null || text === undefined) return null;
  if (type === "json") return exactJson(String(text));
  return type === "bool" ? text === true || text === "true" : String(text);
}

/** JSON by value; a number that no double holds becomes its digits and exponent, as text. */
export function exactJson(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source: string }) => {
    if (typeof value !== "number" || context === undefined) return value;
    if (value === 0) return 0;
    const exact = decimalOf(context.source);
    return decimalOf(String(value)) === exact ? value : exact;
  });
}

/** A decimal number in one spelling of its value: digits without zeros around them, and the exponent of the last. */
function decimalOf(number: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

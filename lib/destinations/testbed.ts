import { connect } from "node:net";
import { SyncError } from "../model/errors.ts";
import type { ColumnType, TableName } from "../model/tables.ts";
import type { Dial } from "./destination.ts";

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
  /** The table's columns as the engine's catalogue has them, in order; empty where there is no such table. */
  columns(table: TableName): Promise<readonly { readonly name: string; readonly required: boolean }[]>;
  /** Runs statements as the customer's administrator would. */
  administer(sql: string): Promise<void>;
}

export type StartTestbed = () => Promise<Testbed>;

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

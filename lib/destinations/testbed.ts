import type { TableName } from "../model/tables.ts";
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
   * as ISO text to the microsecond (`2026-11-24T17:15:00.000000Z`), bool as boolean.
   */
  rows(table: TableName, prefix?: string): Promise<readonly Record<string, unknown>[]>;
  /** Runs statements as the customer's administrator would. */
  administer(sql: string): Promise<void>;
}

export type StartTestbed = () => Promise<Testbed>;

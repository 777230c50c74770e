import type { ErrorCode } from "./error-codes.ts";
import type { AccountId, ConnectionId } from "./ids.ts";
import type { DataObject } from "./log.ts";
import { dayMs, type Instant } from "./time.ts";

/** How much of the past a historical sync takes. */
export const historyWindows = { "30d": 30 * dayMs, "90d": 90 * dayMs, "1y": 365 * dayMs, all: null } as const;
export type HistoryWindow = keyof typeof historyWindows;

/** What a connection sends. A change applies to the next plan; `version` grows with each. */
export interface Selection {
  readonly version: number;
  readonly objects: readonly DataObject[];
  /** Names of integrations whose events stay out. */
  readonly excludedIntegrations: readonly string[];
  /** Names of the metrics whose events are sent; null sends all. */
  readonly metrics: readonly string[] | null;
  readonly history: HistoryWindow;
}

export type ConnectionState = "checking" | "enabled" | "unable to connect" | "disabled" | "removed";

/** An account's link to one warehouse. Secret settings are in `Secrets` under `secretRef` (empty once removed), the others here. */
export interface Connection {
  readonly id: ConnectionId;
  readonly accountId: AccountId;
  readonly name: string;
  readonly kind: string;
  readonly state: ConnectionState;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secretRef: string;
  readonly tablePrefix: string;
  readonly selection: Selection;
  readonly checkSteps: readonly CheckOutcome[];
  /** The check at work; null when none is. */
  readonly check: PendingCheck | null;
  /** How many checks were begun. */
  readonly checks: number;
  /** Secrets no longer in use and not removed yet. */
  readonly retiredSecretRefs: readonly string[];
  /** Fences of this connection's commits begin above it: above whatever an earlier connection left in the same tables. */
  readonly fenceBase: number;
  /** Added to every `_seq` and position on the way to the warehouse, since tables with higher ones were adopted. @default 0 */
  readonly seqBase?: number;
  /** True from the first Enabled on: the fields that name the target are frozen. */
  readonly everEnabled: boolean;
  /** What a customer's role asks for before it lets itself be taken on: random, ours, never changed. Missing in the oldest records. */
  readonly externalId?: string;
  readonly createdAt: Instant;
  readonly enabledAt: Instant | null;
  readonly version: number;
}

/** A check under way, and what it is to change when it passes. */
export interface PendingCheck {
  /** Counts the checks of a connection, and names their executions. */
  readonly number: number;
  readonly startedAt: Instant;
  /** Settings and secret to try in place of those in use; null tries those. */
  readonly candidate: { readonly settings: Readonly<Record<string, unknown>>; readonly secretRef: string } | null;
  /** Whether passing it enables the connection; else it stays as it was. */
  readonly enables: boolean;
  /** Takes over what is in the tables, to sync into them from the start; the base is known once that is done. */
  readonly adopts?: { readonly seqBase: number | null };
}

/** One step of a connection check, as shown. */
export interface CheckOutcome {
  readonly step: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly errorCode: ErrorCode | null;
  readonly fix: string | null;
  /** Of a step that failed: the vendor's own words, code, and query or job id. */
  readonly vendor?: {
    readonly message: string | null;
    readonly code: string | null;
    readonly ref: string | null;
  };
}

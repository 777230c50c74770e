import type { Instant } from "./time.ts";

/** An event type, as it lands in `klaviyo_metric`. Its id derives from account, integration and name. */
export interface MetricRow {
  readonly id: string;
  readonly name: string;
  readonly integrationId: string | null;
  readonly integrationName: string | null;
  readonly integrationCategory: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Seq of the events change log that brought it. */
  readonly seq: number;
}

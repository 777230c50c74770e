import { SyncError } from "../model/errors.ts";
import { comparePositions } from "../model/log.ts";
import type { Batch, Receipt } from "./destination.ts";

/**
 * Of receipts of the batch's plan, one that says the whole batch is in. One that says so of a part cannot be passed
 * over: rows would be counted twice, so the caller has to catch up from the receipts first (`CONFLICT`).
 */
export function earlierReceipt(receipts: readonly Receipt[], batch: Batch): Receipt | undefined {
  const touching = receipts.filter(
    ({ first, last }) => comparePositions(first, batch.last) <= 0 && comparePositions(last, batch.first) >= 0,
  );
  const whole = touching.find(
    ({ first, last }) => comparePositions(first, batch.first) <= 0 && comparePositions(last, batch.last) >= 0,
  );
  if (whole !== undefined || touching.length === 0) return whole;
  throw new SyncError("CONFLICT", {
    message: "a part of this batch was committed already; the batch has to begin after the last receipt",
  });
}

import { SyncError } from "../../model/errors.ts";
import { minuteMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { consolidationName } from "../store/consolidations.ts";
import { currentLease, type Lease, releaseLease, takeLease } from "../store/leases.ts";
import type { AttemptRequest } from "./requests.ts";

const leaseName = "consolidate";
const leaseMs = 30 * minuteMs;

/**
 * The account's lease for this attempt, prolonged if it has it. Only one attempt is open at a time, so whoever else
 * still holds it is dead: the lease is taken from it, and its fence with it.
 */
export async function ownLease(deps: Deps, request: AttemptRequest): Promise<Lease> {
  const holder = consolidationName(request);
  const found = await currentLease(deps.table, request.accountId, leaseName);
  if (found !== undefined && found.holder !== holder) await releaseLease(deps, request.accountId, found);
  const lease = await takeLease(deps, request.accountId, { name: leaseName, holder, ms: leaseMs });
  if (lease === undefined) throw new SyncError("LEASE_LOST");
  return lease;
}

/** Gives the lease back if this attempt has it. */
export async function giveUpLease(deps: Deps, request: AttemptRequest): Promise<void> {
  const found = await currentLease(deps.table, request.accountId, leaseName);
  if (found?.holder === consolidationName(request)) await releaseLease(deps, request.accountId, found);
}

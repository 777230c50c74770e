import type { AccountId } from "../../model/ids.ts";
import { after, type Instant } from "../../model/time.ts";
import { type Clock, ConditionFailed, type Table, type TableWrite } from "../ports.ts";
import { accountItem } from "./keys.ts";
import { itemOf, recordOf } from "./records.ts";

/** The right to be the only writer of something, for a while. `fence` only grows. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly fence: number;
  readonly until: Instant;
}

type LeaseDeps = { readonly table: Table; readonly clock: Clock };

/** Takes the lease, or prolongs it for a holder that has it. Undefined while somebody else holds it. Each taking raises the fence. */
export async function takeLease(
  deps: LeaseDeps,
  accountId: AccountId,
  request: { name: string; holder: string; ms: number },
): Promise<Lease | undefined> {
  const key = accountItem(accountId, `lease/${request.name}`);
  const item = await deps.table.get(key);
  const current = item === undefined ? undefined : recordOf<Lease>(item);
  const now = deps.clock.now();
  if (current !== undefined && current.holder !== request.holder && current.until > now) return undefined;
  const isRenewal = current !== undefined && current.holder === request.holder && current.until > now;
  const fence = isRenewal ? current.fence : (current?.fence ?? 0) + 1;
  const lease: Lease = { name: request.name, holder: request.holder, fence, until: after(now, request.ms) };
  try {
    await deps.table.put(
      itemOf(key, lease, { fence, until: lease.until, holder: lease.holder }),
      current === undefined
        ? { item: "absent" }
        : {
            where: [
              { attribute: "fence", is: "=", value: current.fence },
              { attribute: "until", is: "=", value: current.until },
            ],
          },
    );
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
  return lease;
}

/** The lease as it stands, held or not. */
export async function currentLease(table: Table, accountId: AccountId, name: string): Promise<Lease | undefined> {
  const item = await table.get(accountItem(accountId, `lease/${name}`));
  return item === undefined ? undefined : recordOf<Lease>(item);
}

/** Gives the lease back. Giving back what was lost is no error. */
export async function releaseLease(deps: LeaseDeps, accountId: AccountId, lease: Lease): Promise<void> {
  const released: Lease = { ...lease, holder: "", until: 0 as Instant };
  const put = itemOf(accountItem(accountId, `lease/${lease.name}`), released, {
    fence: lease.fence,
    until: released.until,
    holder: "",
  });
  try {
    await deps.table.put(put, {
      where: [
        { attribute: "fence", is: "=", value: lease.fence },
        { attribute: "holder", is: "=", value: lease.holder },
      ],
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** For a publish: fails it when the lease was taken over meanwhile. */
export function leaseIsHeld(accountId: AccountId, lease: Lease): TableWrite {
  return {
    check: accountItem(accountId, `lease/${lease.name}`),
    condition: {
      where: [
        { attribute: "fence", is: "=", value: lease.fence },
        { attribute: "holder", is: "=", value: lease.holder },
      ],
    },
  };
}

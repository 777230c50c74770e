import type { Warehouse } from "../../destinations/destination.ts";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../deps.ts";
import { requireAccount } from "../store/accounts.ts";
import { aboveBase } from "./above-base.ts";

/** Settings in use, or a candidate's that a check tries. */
export type WarehouseSettings = Pick<
  Connection,
  "accountId" | "kind" | "settings" | "secretRef" | "tablePrefix" | "externalId" | "seqBase"
>;

/** Opens a session with a connection's warehouse; `await using` closes it. */
export async function openWarehouse(
  deps: Deps,
  connection: WarehouseSettings,
  signal: AbortSignal,
): Promise<Warehouse> {
  const account = await requireAccount(deps.table, connection.accountId);
  const destination = await deps.destination(connection.kind);
  const secrets: Record<string, unknown> = JSON.parse(await deps.secrets.get(connection.secretRef));
  const { tablePrefix, externalId } = connection;
  const warehouse = await destination.open(
    { ...connection.settings, ...secrets },
    { logId: account.logId, tablePrefix, ...(externalId === undefined ? {} : { externalId }) },
    {
      signal,
      dial: deps.dial,
      folder: deps.accountFolder(connection.accountId),
      allowsEndpoints: deps.allowsEndpoints === true,
      ...(deps.stagingArea === undefined ? {} : { staging: deps.stagingArea(connection.accountId) }),
      ...(deps.awsEndpoints === undefined ? {} : { awsEndpoints: deps.awsEndpoints }),
    },
  );
  return aboveBase(warehouse, connection.seqBase ?? 0);
}

/** A session that is opened at the first `open`, so that work with nothing to send wakes no warehouse. */
export function lazyWarehouse(
  deps: Deps,
  connection: WarehouseSettings,
  signal: AbortSignal,
): AsyncDisposable & { open(): Promise<Warehouse> } {
  let opening: Promise<Warehouse> | undefined;
  return {
    open: () => {
      opening ??= openWarehouse(deps, connection, signal);
      return opening;
    },
    [Symbol.asyncDispose]: async () => {
      const warehouse = await opening?.catch(() => undefined);
      await warehouse?.[Symbol.asyncDispose]();
    },
  };
}

import { runCheck } from "../check-steps.ts";
import type { OpenOptions, Target, Warehouse } from "../destination.ts";
import { receiptOf, receiptStatements } from "../sql/receipts.ts";
import { checkTasks } from "./check.ts";
import { placeOf } from "./place.ts";
import type { RedshiftSettings } from "./settings.ts";
import { discardPlan, putFile } from "./staging.ts";
import { wireDoor } from "./wire/check-door.ts";
import { openWireClient } from "./wire/client.ts";

/** A session with the cluster or workgroup, by the transport that the settings name; the other one's driver is not loaded. */
export async function openRedshift(
  settings: RedshiftSettings,
  target: Target,
  options: OpenOptions,
): Promise<Warehouse> {
  const place = placeOf(settings, target, options);
  const { openClient, openDoor } = await transportOf(settings);
  const client = openClient(place);
  const statements = receiptStatements(place.dialect, target);
  return {
    check: () => runCheck(checkTasks(place, openDoor)),
    stage: (file) => place.step("stage", () => putFile(place.area(), file)),
    commit: client.commit,
    rehearse: client.rehearse,
    adopt: client.adopt,
    poll: client.poll,
    receipts: (syncId, object, after) =>
      client.reading(async (session) => (await session.query(statements.after(syncId, object, after))).map(receiptOf)),
    hasReceipt: (syncId, object, last) =>
      client.reading(async (session) => (await session.query(statements.at(syncId, object, last))).length > 0),
    heads: (object) =>
      client.reading(async (session) => {
        const [row] = await session.query(statements.heads(object));
        return { fence: Number(row?.["fence"]), seq: Number(row?.["seq"]) };
      }),
    discard: (planId) => place.step("discard", () => discardPlan(place.area(), planId)),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

async function transportOf({ transport }: RedshiftSettings) {
  if (transport === "password") return { openClient: openWireClient, openDoor: wireDoor };
  const [{ openDataApiClient }, { dataApiDoor }] = await Promise.all([
    import("./data-api/client.ts"),
    import("./data-api/check-door.ts"),
  ]);
  return { openClient: openDataApiClient, openDoor: dataApiDoor };
}

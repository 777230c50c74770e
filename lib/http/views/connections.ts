import type { ConnectionCard } from "../../flows/connections/get-connection.ts";
import type { CheckOutcome, Connection, ConnectionState, Selection } from "../../model/connection.ts";
import { iso } from "./instants.ts";

const shownStates = {
  checking: "Checking",
  enabled: "Enabled",
  "unable to connect": "Unable to connect",
  disabled: "Disabled",
  removed: "Removed",
} as const satisfies Record<ConnectionState, string>;

/** A connection with what its card shows: errors of the last 24 hours, last sync, next run. */
export function connectionCardView(card: ConnectionCard) {
  return {
    ...connectionView(card.connection),
    errors24h: card.errors24h,
    lastSyncAt: iso(card.lastSyncAt),
    nextRunAt: iso(card.nextRunAt),
  };
}

/** A connection. `settings` never hold a secret: those lie elsewhere from the start. */
export function connectionView(connection: Connection) {
  return {
    id: connection.id,
    name: connection.name,
    destination: connection.kind,
    status: shownStates[connection.state],
    /** A check is at work. */
    isChecking: connection.check !== null,
    settings: connection.settings,
    tablePrefix: connection.tablePrefix,
    /** For the trust policy of a role that a connection names. */
    externalId: connection.externalId ?? null,
    selection: selectionView(connection.selection),
    check: connection.checkSteps.map(stepView),
    createdAt: iso(connection.createdAt),
    enabledAt: iso(connection.enabledAt),
    version: connection.version,
  };
}

/** A step of a check; with the vendor's own words where it failed. */
export function stepView(step: CheckOutcome) {
  return {
    step: step.step,
    ok: step.ok,
    detail: step.detail,
    code: step.errorCode,
    fix: step.fix,
    externalMessage: step.vendor?.message ?? null,
    vendorCode: step.vendor?.code ?? null,
    vendorRef: step.vendor?.ref ?? null,
  };
}

/** By the names that `PUT …/selection` takes. */
function selectionView(selection: Selection) {
  const { version, objects, excludedIntegrations, metrics, history } = selection;
  return { version, objects, excludedIntegrations, metrics, history };
}

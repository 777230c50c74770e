import type { Connection, ConnectionState, Selection } from "../../model/connection.ts";
import { iso } from "./instants.ts";

const shownStates = {
  checking: "Checking",
  enabled: "Enabled",
  "unable to connect": "Unable to connect",
  disabled: "Disabled",
  removed: "Removed",
} as const satisfies Record<ConnectionState, string>;

/** A connection's card. `settings` never hold a secret: those lie elsewhere from the start. */
export function connectionView(connection: Connection) {
  return {
    id: connection.id,
    name: connection.name,
    destination: connection.kind,
    status: shownStates[connection.state],
    settings: connection.settings,
    tablePrefix: connection.tablePrefix,
    selection: selectionView(connection.selection),
    check: connection.checkSteps.map((step) => ({
      step: step.step,
      ok: step.ok,
      detail: step.detail,
      code: step.errorCode,
      fix: step.fix,
    })),
    createdAt: iso(connection.createdAt),
    enabledAt: iso(connection.enabledAt),
    version: connection.version,
  };
}

export function selectionView(selection: Selection) {
  return {
    version: selection.version,
    objects: selection.objects,
    integrationsToExclude: selection.excludedIntegrations,
    /** Names of metrics; null sends all. */
    selectiveSync: selection.metrics,
    history: selection.history,
  };
}

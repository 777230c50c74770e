import type { DataObject } from "../../model/log.ts";
import type { Plan } from "../../model/sync.ts";
import { isoOf } from "../../model/time.ts";
import { sqlTexts } from "../engine.ts";

/** What a plan leaves out, as frozen in it. */
export type SelectionFilter = Pick<Plan, "excludedIntegrations" | "metrics" | "eventAtFrom">;

/** The condition that a row of a change file must meet to be sent; undefined when all are. Profiles are never filtered. */
export function selectionCondition(object: DataObject | "metrics", filter: SelectionFilter): string | undefined {
  if (object === "profiles") return undefined;
  const name = object === "events" ? "metric_name" : "name";
  const clauses: string[] = [];
  if (filter.excludedIntegrations.length > 0)
    clauses.push(`coalesce(integration_name NOT IN (${listOf(filter.excludedIntegrations)}), true)`);
  if (filter.metrics !== null)
    clauses.push(filter.metrics.length === 0 ? "false" : `${name} IN (${listOf(filter.metrics)})`);
  if (filter.eventAtFrom !== null && object === "events")
    clauses.push(`event_at >= TIMESTAMP '${isoOf(filter.eventAtFrom).replace("T", " ").replace("Z", "")}'`);
  return clauses.length === 0 ? undefined : clauses.join(" AND ");
}

function listOf(texts: readonly string[]): string {
  return sqlTexts(texts).slice(1, -1);
}

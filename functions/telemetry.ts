import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { Tracer } from "@aws-lambda-powertools/tracer";
import type { Health } from "../lib/flows/dispatch/measure-health.ts";
import { failureMetrics, healthMetrics, metricDimensions, metricNamespace } from "../lib/platform/aws/metric-names.ts";

/** One line of JSON per entry. Level and service name come from the environment, by Powertools' own rules. */
export const logger = new Logger();
/** Off where X-Ray is: outside Lambda. SDK clients and sockets stay as they are. */
export const tracer = new Tracer({ captureHTTPsRequests: false });

let metrics: Metrics | undefined;

/** Where the events of flows and ports go: `Deps.log`. */
export function logEvent(event: string, { message, ...fields }: Readonly<Record<string, unknown>> = {}): void {
  // Powertools keeps the name `message` for the event, and drops a field that is called so.
  const told = message === undefined ? fields : { ...fields, errorMessage: message };
  if (event === "aws-call") logger.debug(event, told);
  else logger.info(event, told);
  if (isCounted(event)) metrics?.addMetric(failureMetrics[event], MetricUnit.Count, 1);
}

function isCounted(event: string): event is keyof typeof failureMetrics {
  return Object.hasOwn(failureMetrics, event);
}

/** Puts the state of the whole installation beside the counts of this call. */
export function countHealth(health: Health): void {
  for (const [field, name] of Object.entries(healthMetrics)) {
    const unit = field.includes("Seconds") ? MetricUnit.Seconds : MetricUnit.Count;
    metrics?.addMetric(name, unit, health[field as keyof Health]);
  }
}

/** All functions of an installation count together. To be said before anything is counted. */
export function countUnder(installationName: string): void {
  metrics = new Metrics({ namespace: metricNamespace, serviceName: metricDimensions(installationName).service });
}

/** Writes what was counted during a call into the log, in CloudWatch's embedded metric format. */
export function publishMetrics(): void {
  if (metrics?.hasStoredMetrics() === true) metrics.publishStoredMetrics();
}

const subjectFields = ["step", "accountId", "connectionId", "syncId", "runId", "importId", "attempt", "number"];

/**
 * What a request is about, for every line that is written while it is served; nothing else of it may be logged. Run or
 * import and attempt make the name of the execution; a call of the API has the id that API Gateway's own log knows.
 */
export function subjectOf(event: unknown): Record<string, string | number> {
  if (typeof event !== "object" || event === null) return {};
  const { input, requestContext, ...fields } = event as Record<string, unknown>;
  const subject: Record<string, string | number> = {};
  for (const name of subjectFields) {
    const value = fields[name];
    if (typeof value === "string" || typeof value === "number") subject[name] = value;
  }
  return { ...subject, ...subjectOf(input), ...requestOf(requestContext) };
}

function requestOf(requestContext: unknown): { readonly requestId?: string } {
  if (typeof requestContext !== "object" || requestContext === null) return {};
  const { requestId } = requestContext as Record<string, unknown>;
  return typeof requestId === "string" ? { requestId } : {};
}

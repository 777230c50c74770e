/** The CloudWatch namespace of everything that functions count. */
export const metricNamespace = "WarehouseSync";

/** From the sweep: how the whole installation does. */
export const healthMetrics = {
  freshnessSecondsMax: "FreshnessSecondsMax",
  watermarkLagSecondsMax: "WatermarkLagSecondsMax",
  oldestOpenImportSeconds: "OldestOpenImportSeconds",
  syncsErrored: "SyncsErrored",
  syncsFailed: "SyncsFailed",
} as const;

/** From whichever function records the failure, one count each: by the event that its flow logs. */
export const failureMetrics = { "run-failed": "RunsFailed", "import-failed": "ImportsFailed" } as const;

export type MetricName =
  | (typeof healthMetrics)[keyof typeof healthMetrics]
  | (typeof failureMetrics)[keyof typeof failureMetrics];

/** The one set of dimensions, so that the installation's functions count together and no account shows. `name` is its `WS_NAME`. */
export function metricDimensions(name: string): { readonly service: string } {
  return { service: name };
}

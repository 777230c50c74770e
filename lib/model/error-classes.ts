/**
 * Each class of failure, the `name` that ASL's `ErrorEquals` matches, and when it is tried again.
 * - `tick`: the sync stays `Errored` and is tried at every tick until 72 h have passed.
 * - `twice`: fails after two tries on two ticks, with the fix; a passing check re-enables.
 * - `never`: ends at once.
 */
export const errorClasses = {
  auth: { name: "AuthRefused", retry: "twice" },
  network_unreachable: { name: "NetworkUnreachable", retry: "tick" },
  allow_list: { name: "AddressNotAllowed", retry: "twice" },
  permission: { name: "PermissionDenied", retry: "twice" },
  missing_object: { name: "ObjectMissing", retry: "twice" },
  schema_mismatch: { name: "SchemaMismatch", retry: "twice" },
  quota: { name: "QuotaExceeded", retry: "tick" },
  throttle: { name: "Throttled", retry: "tick" },
  capacity: { name: "CapacityShort", retry: "tick" },
  conflict: { name: "Conflicted", retry: "tick" },
  timeout: { name: "TimedOut", retry: "tick" },
  data_error: { name: "DataRefused", retry: "tick" },
  config: { name: "ConfigInvalid", retry: "twice" },
  input: { name: "InputInvalid", retry: "never" },
  lost: { name: "PlaceLost", retry: "never" },
  internal: { name: "InternalFault", retry: "tick" },
} as const satisfies Record<string, { name: string; retry: "tick" | "twice" | "never" }>;

export type ErrorClass = keyof typeof errorClasses;
export type ErrorName = (typeof errorClasses)[ErrorClass]["name"];
export type RetryRule = (typeof errorClasses)[ErrorClass]["retry"];

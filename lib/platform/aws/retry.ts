import type { Clock } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";

export interface RetryOptions {
  readonly clock: Pick<Clock, "sleep">;
  /** From 0 (inclusive) to 1 (exclusive). @default Math.random */
  readonly fraction?: () => number;
}

export interface RetryRules {
  readonly triesMax: number;
  readonly firstDelayMsMax: number;
  readonly delayMsMax: number;
  readonly isWorthIt: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
}

/** Runs `attempt` until it succeeds, fails for good, or the tries are used up. Waits with full jitter between. */
export async function retrying<T>(
  { clock, fraction = Math.random }: RetryOptions,
  rules: RetryRules,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt(number);
    } catch (error) {
      rules.signal?.throwIfAborted();
      if (number === rules.triesMax || !rules.isWorthIt(error)) throw error;
      const capMs = Math.min(rules.delayMsMax, rules.firstDelayMsMax * 2 ** (number - 1));
      await clock.sleep(Math.floor(capMs * fraction()), rules.signal);
    }
  }
}

const throttles = new Set([
  "ThrottlingException",
  "Throttling",
  "ThrottledException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "TooManyRequestsException",
  "SlowDown",
  "LimitExceededException",
]);

const lostConnections = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

interface ServiceError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** What kept a service from answering: a throttle, a failure of its own, or the network. The call may have been applied all the same. */
export function isTransient(error: unknown): boolean {
  const { code, $metadata } = error as ServiceError;
  const name = nameOf(error);
  const status = $metadata?.httpStatusCode ?? 0;
  if (status >= 500 || status === 429 || throttles.has(name)) return true;
  if (name === "TimeoutError" || name === "RequestTimeout" || name === "RequestTimeoutException") return true;
  return typeof code === "string" && lostConnections.has(code);
}

/** The name by which AWS calls the error; of the error's class where it is not one of AWS. */
export function nameOf(error: unknown): string {
  return String((error as ServiceError | undefined)?.name);
}

export function statusOf(error: unknown): number | undefined {
  return (error as ServiceError | undefined)?.$metadata?.httpStatusCode;
}

/** How often the SDK sent the request; 1 where it does not say. */
export function attemptsOf(error: unknown): number {
  return (error as ServiceError | undefined)?.$metadata?.attempts ?? 1;
}

/** Failures of AWS as `STORE_UNAVAILABLE`, with AWS's name for it. Errors of our own, aborts and the caller's bugs are left as they are. */
export function asStoreError(error: unknown, store: string): unknown {
  const isService = statusOf(error) !== undefined || isTransient(error);
  if (error instanceof SyncError || !isService || nameOf(error) === "ValidationException") return error;
  const name = nameOf(error);
  return new SyncError("STORE_UNAVAILABLE", {
    message: `${store} did not do it: ${name}`,
    vendorCode: name,
    externalMessage: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}

/** One call, from the host to the process of a function. */
export interface CallMessage {
  readonly id: number;
  readonly event: unknown;
  readonly requestId: string;
  /** Before Lambda would kill the process. */
  readonly remainingMs: number;
  /** How far the installation's time is ahead of this machine's. */
  readonly aheadMs: number;
}

/** An error as Lambda's runtime reports it. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

/** A call's end, from the process to the host; the answer is JSON. */
export type EndMessage =
  | { readonly id: number; readonly answer: string }
  | { readonly id: number; readonly error: FunctionError };

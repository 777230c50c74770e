import { wireError } from "../../model/wire-error.ts";

/** A failed state: `name` is what `ErrorEquals` matches, the message the `Cause` that a Catch sees. */
export class StateFailure extends Error {
  override readonly name: string;
  /** Read by the interpreter. `States.ALL` does not hold these two. */
  readonly isCatchable: boolean;

  constructor(name: string, cause: string, origin?: unknown) {
    super(cause, { cause: origin });
    this.name = name;
    this.isCatchable = name !== "States.Runtime" && name !== "States.DataLimitExceeded";
  }
}

/** What a step threw, as Lambda reports it: the cause is JSON with `errorType` and `errorMessage`. */
export function failureOf(thrown: unknown): StateFailure {
  if (thrown instanceof StateFailure) return thrown;
  const { name, message } = wireError(thrown);
  return new StateFailure(name, JSON.stringify({ errorType: name, errorMessage: message }), thrown);
}

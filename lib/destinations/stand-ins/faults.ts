/**
 * What a stand-in for an AWS service does to a call, once. `…-before`: nothing was applied; `…-after`: it was, and the
 * answer got lost. `conflict`: another write of the same thing was under way.
 */
export type Fault = "throttle" | "error-before" | "error-after" | "drop-before" | "drop-after" | "conflict";

/** The faults that lie ahead of a stand-in's callers, and what they called. */
export class Faults {
  /** Names of the operations called, in order. */
  readonly calls: string[] = [];
  readonly #ahead = new Map<string, Fault[]>();
  #share = 0;
  #often: Fault = "throttle";
  #fraction: () => number = () => 1;

  /** The next calls of `operation` meet these, one each. */
  next(operation: string, ...faults: readonly Fault[]): void {
    this.#ahead.set(operation, [...(this.#ahead.get(operation) ?? []), ...faults]);
  }

  /** From now on each call meets `fault` with this probability. */
  often(share: number, fault: Fault, fraction: () => number): void {
    this.#share = share;
    this.#often = fault;
    this.#fraction = fraction;
  }

  /** For the stand-in: notes the call and takes the fault that it meets. */
  take(operation: string): Fault | undefined {
    this.calls.push(operation);
    const ahead = this.#ahead.get(operation)?.shift();
    if (ahead !== undefined) return ahead;
    return this.#share > 0 && this.#fraction() < this.#share ? this.#often : undefined;
  }
}

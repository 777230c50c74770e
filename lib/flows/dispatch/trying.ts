import type { Deps } from "../deps.ts";

/** Does a part of a sweep; its trouble is logged and does not keep the other parts from being done. */
export async function trying(deps: Deps, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log("sweep-failed-in-part", { what, message: String(error) });
  }
}

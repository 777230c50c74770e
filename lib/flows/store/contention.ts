import { SyncError } from "../../model/errors.ts";
import { ConditionFailed } from "../ports.ts";

const triesMax = 12;

/** Repeats a read-modify-write while somebody else's write comes between; each try must read afresh. */
export async function whileContended<T>(readAndWrite: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await readAndWrite();
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (tries >= triesMax) throw new SyncError("STORE_UNAVAILABLE", { message: "too many writers", cause: error });
    }
  }
}

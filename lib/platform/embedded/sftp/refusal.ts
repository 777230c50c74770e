import ssh2 from "ssh2";
import { hasCode } from "../../../model/errors.ts";
import { codeOf } from "../../disk.ts";

const { STATUS_CODE } = ssh2.utils.sftp;

export type StatusName = keyof typeof STATUS_CODE;

/** A request of an SFTP client that is answered with a status and a sentence instead. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: StatusName;

  constructor(status: StatusName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** What a failed request tells the client; undefined message for faults that are ours alone to know. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (hasCode(thrown, "STORAGE_FULL") || codeOf(thrown) === "ENOSPC" || codeOf(thrown) === "EDQUOT") {
    return new Refusal("FAILURE", "the disk of the server is full; nothing was stored (STORAGE_FULL)", {
      cause: thrown,
    });
  }
  if (hasCode(thrown, "OBJECT_GONE")) return new Refusal("NO_SUCH_FILE", "no such file", { cause: thrown });
  return new Refusal("FAILURE", "the server failed; try again", { cause: thrown });
}

export function noSuchFile(): Refusal {
  return new Refusal("NO_SUCH_FILE", "no such file or folder");
}

export function denied(message: string): Refusal {
  return new Refusal("PERMISSION_DENIED", message);
}

import { isUtf8 } from "node:buffer";
import { SyncError } from "../../model/errors.ts";

/** Checks bytes that come in pieces, a character may lie across two of them. */
export class Utf8Check {
  /** The start of a character that goes on in the next piece. */
  #tail: Uint8Array = new Uint8Array();

  /** Throws `INVALID_ENCODING` with the offset in the file; `offset` is that of the piece. */
  piece(data: Uint8Array, offset: number, isLast: boolean): void {
    const whole = this.#tail.length === 0 ? data : Buffer.concat([this.#tail, data]);
    const wholeOffset = offset - this.#tail.length;
    const cut = isLast ? 0 : cutBytes(whole, 0, whole.length);
    const end = whole.length - cut;
    if (!isUtf8(whole.subarray(0, end))) {
      const at = wholeOffset + firstInvalidByte(whole.subarray(0, end));
      throw new SyncError("INVALID_ENCODING", { message: `the file is not valid UTF-8 at byte ${at}` });
    }
    this.#tail = Uint8Array.from(whole.subarray(end));
  }
}

/** How many bytes at the end begin a character that goes on behind them. */
function cutBytes(data: Uint8Array, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= start; back += 1) {
    const byte = data[end - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

/** Offset of the first byte that no valid text has there. */
function firstInvalidByte(data: Uint8Array): number {
  let valid = 0;
  for (const step of [65_536, 4_096, 256, 16]) {
    while (valid + step <= data.length) {
      const end = valid + step - cutBytes(data, valid, valid + step);
      if (!isUtf8(data.subarray(valid, end))) break;
      valid = end;
    }
  }
  while (valid < data.length) {
    const rest = data.subarray(valid);
    const length = [1, 2, 3, 4].find((bytes) => bytes <= rest.length && isUtf8(rest.subarray(0, bytes)));
    if (length === undefined) return valid;
    valid += length;
  }
  return valid;
}

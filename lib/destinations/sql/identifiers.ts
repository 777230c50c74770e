import { SyncError } from "../../model/errors.ts";

/** Every control character, the line and paragraph separators, and halves of surrogate pairs. */
const unusable = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/**
 * A name as a quoted SQL identifier (`"` doubled). Throws `NAME_INVALID` for what no engine should be asked to hold:
 * nothing, control characters, or more than `bytesMax` bytes, beyond which engines cut silently.
 */
export function quoteIdentifier(name: string, bytesMax: number): string {
  if (name === "" || unusable.test(name)) {
    throw new SyncError("NAME_INVALID", {
      message: `the name ${JSON.stringify(name)} is empty or holds a control character`,
    });
  }
  if (Buffer.byteLength(name) > bytesMax) {
    throw new SyncError("NAME_INVALID", {
      message: `the name ${JSON.stringify(name)} is longer than ${bytesMax} bytes`,
    });
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal for engines with standard strings. For setup scripts; data is bound. Throws `NAME_INVALID` on control characters. */
export function quoteText(text: string): string {
  if (unusable.test(text)) {
    throw new SyncError("NAME_INVALID", { message: `${JSON.stringify(text)} holds a control character` });
  }
  return `'${text.replaceAll("'", "''")}'`;
}

/** Letters, digits, underscores: the prefix becomes part of names in every engine. */
const prefixPattern = /^([A-Za-z_][A-Za-z0-9_]{0,29})?$/;

/** The prefix itself, or `NAME_INVALID`. */
export function checkedPrefix(prefix: string): string {
  if (prefixPattern.test(prefix)) return prefix;
  throw new SyncError("NAME_INVALID", {
    message: `the table prefix ${JSON.stringify(prefix)} is not at most 30 letters, digits and underscores`,
  });
}

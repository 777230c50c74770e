import { join } from "node:path";
import { escapeSegment } from "../file-names.ts";

/**
 * Object keys as paths that any Linux file system takes, any key both ways: bytes other than letters, digits and `_-.`
 * are escaped as `%XX` (so no glob, hive or `..` has a meaning left), long names are cut into folders that end in `~`,
 * folders end in `+`, and the folder that holds the versions of one key in `!`.
 */
const pieceCharactersMax = 180;
const keyBytesMax = 1_024;

export type PathKind = "object" | "folder" | "versions";
export const marks = { object: "", folder: "+", versions: "!", piece: "~" } as const;

/** The path of a key below a root. Throws `RangeError` on keys no object store takes. */
export function pathOf(root: string, key: string, kind: PathKind): string {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > keyBytesMax || !key.isWellFormed()) {
    throw new RangeError(
      `a key has 1 to ${keyBytesMax} bytes of Unicode text, not ${JSON.stringify(key.slice(0, 80))}`,
    );
  }
  const segments = key.split("/");
  const last = segments.pop() ?? "";
  return join(folderOf(root, segments), ...pieces(last, kind));
}

/** The folder that holds the keys starting with these segments. */
export function folderOf(root: string, segments: readonly string[]): string {
  return join(root, ...segments.flatMap((segment) => pieces(segment, "folder")));
}

function pieces(segment: string, kind: PathKind): string[] {
  const text = escapeSegment(segment);
  const names: string[] = [];
  let rest = text;
  while (rest.length > pieceCharactersMax) {
    const escapeAt = rest.indexOf("%", pieceCharactersMax - 2);
    const cut = escapeAt !== -1 && escapeAt < pieceCharactersMax ? escapeAt : pieceCharactersMax;
    names.push(rest.slice(0, cut) + marks.piece);
    rest = rest.slice(cut);
  }
  return [...names, rest + marks[kind]];
}

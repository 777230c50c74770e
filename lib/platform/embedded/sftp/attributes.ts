import type { Attributes, FileEntry } from "ssh2";
import type { Instant } from "../../../model/time.ts";

/** A file or folder as clients see it. */
export interface TreeEntry {
  readonly name: string;
  readonly kind: "file" | "folder";
  readonly bytes: number;
  readonly modifiedAt: Instant;
  readonly isReadOnly: boolean;
}

const fileType = 0o100_000;
const folderType = 0o040_000;

/** Attributes in SFTP's version 3; seconds since the epoch. */
export function attributesOf(entry: TreeEntry): Attributes {
  const seconds = Math.floor(entry.modifiedAt / 1_000);
  const type = entry.kind === "folder" ? folderType : fileType;
  return { mode: type | permissionsOf(entry), uid: 0, gid: 0, size: entry.bytes, atime: seconds, mtime: seconds };
}

/** One line of a listing, as `ls -l` would print it. */
export function listingOf(entry: TreeEntry): FileEntry {
  const type = entry.kind === "folder" ? "d" : "-";
  const size = String(entry.bytes).padStart(12);
  const when = new Date(entry.modifiedAt).toISOString().slice(0, 16).replace("T", " ");
  return {
    filename: entry.name,
    longname: `${type}${letters(permissionsOf(entry))} 1 sync sync ${size} ${when} ${entry.name}`,
    attrs: attributesOf(entry),
  };
}

function permissionsOf(entry: TreeEntry): number {
  if (entry.kind === "folder") return entry.isReadOnly ? 0o555 : 0o755;
  return entry.isReadOnly ? 0o444 : 0o644;
}

function letters(permissions: number): string {
  return Array.from("rwxrwxrwx", (letter, index) => (permissions & (1 << (8 - index)) ? letter : "-")).join("");
}

const temporaryEnds = [".filepart", ".part", ".partial", ".tmp"];

/** Whether a path below an upload folder is one that clients rename once it is whole; such a file is never imported. */
export function isTemporaryUpload(path: string): boolean {
  const name = path.toLowerCase();
  return temporaryEnds.some((end) => name.endsWith(end)) || path.split("/").some((segment) => segment.startsWith("."));
}

import type { StoredVersion } from "./s3-objects.ts";

/** Names and texts as XML; undefined ones are left out. */
export function xml(name: string, children: string | readonly string[]): string {
  return `<${name}>${typeof children === "string" ? children : children.join("")}</${name}>`;
}

export function text(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? "" : xml(name, escaped(String(value)));
}

function escaped(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A key as lists show it where `encoding-type=url` was asked for. */
export function encodedKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+");
}

export function iso(ms: number): string {
  // To the second, as S3.
  return new Date(Math.floor(ms / 1_000) * 1_000).toISOString();
}

export function versionXml(version: StoredVersion, isLatest: boolean): string {
  const shared = [
    text("Key", encodedKey(version.key)),
    text("VersionId", version.id),
    text("IsLatest", isLatest),
    text("LastModified", iso(version.modifiedAtMs)),
  ];
  if (version.isDeleteMarker) return xml("DeleteMarker", shared);
  return xml("Version", [...shared, text("ETag", version.etag), text("Size", version.bytes)]);
}

/** What a body holds between `<name>` and `</name>`, each time. */
export function textsIn(body: string, name: string): string[] {
  return [...body.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map((match) =>
    (match[1] ?? "").replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
}

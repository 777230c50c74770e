/** A segment in safe characters; the empty one is a lone `%`, which no other gives. */
export function escapeSegment(segment: string): string {
  if (segment === "") return "%";
  if (segment === "." || segment === "..") return segment.replaceAll(".", "%2E");
  return segment.replace(/[^A-Za-z0-9_.-]+/gu, (unsafe) =>
    Array.from(Buffer.from(unsafe), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

/** What `escapeSegment` was given. */
export function unescapeSegment(text: string): string {
  return text === "%" ? "" : decodeURIComponent(text);
}

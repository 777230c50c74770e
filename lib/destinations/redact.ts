/** Vendors' texts are kept this long at most. */
const messageCharactersMax = 1_000;

/** A vendor's text without our secrets and without control characters, cut to a length that a record can hold. */
export function redact(text: string, secrets: readonly string[]): string {
  const longestFirst = secrets.filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
  const clean = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return clean.replaceAll(/\p{Cc}+/gu, " ").slice(0, messageCharactersMax);
}

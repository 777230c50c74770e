/** Keys under it keep every version that was put; elsewhere the bucket's old versions are its own affair. */
const versionedPrefix = "inbox/";
/** What `FileInfo.version` says where a key has but one. */
export const soleVersion = "null";

const keyBytesMax = 1_024;

export function isVersioned(key: string): boolean {
  return key.startsWith(versionedPrefix);
}

/** Whether keys that start with this prefix may keep versions. */
export function mayHoldVersions(prefix: string): boolean {
  return isVersioned(prefix) || versionedPrefix.startsWith(prefix);
}

/** The version to ask S3 for; undefined for the newest. */
export function versionIdOf(key: string, version: string | undefined): string | undefined {
  return isVersioned(key) || version !== soleVersion ? version : undefined;
}

/** What a version of S3's is called outside. */
export function versionOf(key: string, versionId: string | undefined): string {
  return isVersioned(key) ? (versionId ?? soleVersion) : soleVersion;
}

/** Throws `RangeError` on keys that S3 refuses: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
export function checkObjectKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > keyBytesMax || !key.isWellFormed()) {
    throw new RangeError(
      `a key has 1 to ${keyBytesMax} bytes of Unicode text, not ${JSON.stringify(key.slice(0, 80))}`,
    );
  }
  let depth = 0;
  for (const segment of key.split("/")) {
    depth += segment === ".." ? -1 : 1;
    if (depth < 0) throw new RangeError(`the key ${JSON.stringify(key.slice(0, 80))} climbs out of its bucket`);
  }
}

/** A key as S3 spells it in lists that were asked for with `EncodingType: "url"`; XML could not hold every key. */
export function decodedKey(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

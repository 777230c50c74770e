import type { Files } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";

/**
 * Files as a writer's session sees them. It may list only under its account's prefixes, and then S3 calls an object that
 * is not there forbidden; a listing tells what it is. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export function confinedFiles(files: Files): Files {
  const isAbsent = async (key: string) => !(await files.list(key, { limit: 1 })).some((found) => found.key === key);
  return {
    putIfAbsent: (key, body) => files.putIfAbsent(key, body),
    put: (key, body) => files.put(key, body),
    copy: (from, to) => files.copy(from, to),
    get: (key, options) => orUndefined(files.get(key, options), () => isAbsent(key)),
    stat: (key, version) => orUndefined(files.stat(key, version), () => isAbsent(key)),
    download: async (key, options) => {
      const local = await orUndefined(files.download(key, options), () => isAbsent(key));
      if (local === undefined) throw new SyncError("OBJECT_GONE", { message: `the object ${key} is gone` });
      return local;
    },
    list: (prefix, options) => files.list(prefix, options),
    versions: (prefix, options) => files.versions(prefix, options),
    delete: (key, version) => files.delete(key, version),
    presign: (method, key, secondsValid) => files.presign(method, key, secondsValid),
  };
}

async function orUndefined<T>(call: Promise<T>, isAbsent: () => Promise<boolean>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isForbidden(error) && (await isAbsent().catch(() => false))) return undefined;
    throw error;
  }
}

/** As S3 says it, or as it lies behind an error of ours. */
function isForbidden(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { $metadata } = each as { $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode === 403) return true;
  }
  return false;
}

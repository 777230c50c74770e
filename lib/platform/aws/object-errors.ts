import { translatingDisk } from "../disk.ts";
import { asStoreError, isTransient, nameOf, type RetryRules, statusOf } from "./retry.ts";

/** Whether S3 says that the object, or this version of it, is not there. A version that is a delete marker answers 405. */
export function isAbsence(error: unknown): boolean {
  return ["NoSuchKey", "NoSuchVersion", "NotFound"].includes(nameOf(error)) || statusOf(error) === 405;
}

/** Whether S3 says that no object could have such a version. A HEAD says no more than 400. */
export function isNoVersion(error: unknown): boolean {
  return nameOf(error) === "InvalidArgument";
}

export function isPreconditionFailure(error: unknown): boolean {
  return statusOf(error) === 412;
}

export function isBeyondEnd(error: unknown): boolean {
  return statusOf(error) === 416;
}

/** Another conditional write of the key was under way: to be tried again from the start. */
export function isRace(error: unknown): boolean {
  return statusOf(error) === 409;
}

/** Bodies that break off while they are read: no SDK tries those again. */
export const bodyTries = {
  triesMax: 4,
  firstDelayMsMax: 100,
  delayMsMax: 2_000,
  isWorthIt: (error: unknown) => !isOfSdk(error) && (isTransient(error) || isBrokenOff(error)),
} satisfies RetryRules;

/** Whether the SDK gave up: it has tried often enough. */
function isOfSdk(error: unknown): boolean {
  return (error as { $metadata?: unknown }).$metadata !== undefined;
}

function isBrokenOff(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ERR_STREAM_PREMATURE_CLOSE" || message === "aborted" || error instanceof ShortBody;
}

/** A body ended before its length was reached. */
export class ShortBody extends Error {
  override readonly name = "ShortBody";
}

/** Failures of S3 and of the scratch disk as ours; others as they are. */
export async function translatingS3<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await translatingDisk(work);
  } catch (error) {
    throw asStoreError(error, "S3");
  }
}

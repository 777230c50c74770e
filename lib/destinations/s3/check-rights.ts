import { randomUUID } from "node:crypto";
import { hasCode, SyncError } from "../../model/errors.ts";
import type { RunId } from "../../model/ids.ts";
import { CheckFailure } from "../check-steps.ts";
import type { S3Connection } from "./connection.ts";
import type { Layout } from "./layout.ts";
import type { Objects } from "./objects.ts";
import { permissionPolicy } from "./policies.ts";
import type { S3Settings } from "./settings.ts";

interface RightsScope {
  readonly settings: S3Settings;
  readonly target: { readonly tablePrefix: string };
  readonly connection: S3Connection;
  readonly layout: Layout;
}

/** Does once what every run does, in a folder of the check's own; the first that is refused is named. */
export async function tryRights({ connection, layout, settings, target }: RightsScope): Promise<string> {
  const { objects } = connection;
  const key = `${layout.stagingFolder(checkPlan())}rights.json`;
  try {
    await objects.putIfAbsent(key, { content: "{}\n" });
    await requireConditions(objects, key);
    await requireRead(objects, key);
    await objects.list(key, 1);
    await objects.tryParts(`${key}.parts`);
    await objects.remove(key);
    for (const object of ["profiles", "events"] as const) await objects.list(layout.chainFolder(object), 1);
  } catch (error) {
    await objects.remove(key).catch(() => undefined);
    if (!hasCode(error, "PERMISSION_DENIED")) throw error;
    throw new CheckFailure(fixOf(error, JSON.stringify(permissionPolicy(settings, target.tablePrefix))), error);
  }
  return "objects can be put, read, listed and, where they lie staged, deleted";
}

function fixOf(error: SyncError, policy: string): string {
  if (/\bkms:/.test(error.message))
    return "Let the user or role use the bucket's key: kms:GenerateDataKey and kms:Decrypt.";
  return `Give the user or role this policy, and look for a bucket policy that denies: ${policy}`;
}

/** Without it two writers could take the same number: nothing that we promise would hold. */
async function requireConditions(objects: Objects, key: string): Promise<void> {
  if ((await objects.putIfAbsent(key, { content: "{}\n" })) === "exists") return;
  throw new CheckFailure(
    "Use Amazon S3, or a store that honours If-None-Match on puts.",
    new SyncError("SETTINGS_INVALID", { message: "endpoint: this store overwrites although it was told not to" }),
  );
}

async function requireRead(objects: Objects, key: string): Promise<void> {
  if ((await objects.text(key)) === "{}\n") return;
  throw new SyncError("INVARIANT_BROKEN", { message: `${key} does not hold what was put there` });
}

/** Stages a file, copies it as a commit does, reads the copy and removes both. */
export async function loadOneFile(objects: Objects, layout: Layout): Promise<string> {
  const folder = layout.stagingFolder(checkPlan());
  const [staged, copy] = [`${folder}staged.json`, `${folder}copy.json`];
  try {
    await objects.putIfAbsent(staged, { content: '{"id":"_warehouse_sync_check"}\n' }, { rows: 1 });
    await objects.copyIfAbsent(staged, copy);
    const about = await objects.about(copy);
    if (about?.rows === 1) return "one row was loaded and taken back";
    throw new SyncError("INVARIANT_BROKEN", { message: `the copy at ${copy} is not what was staged` });
  } finally {
    await objects.remove(staged);
    await objects.remove(copy);
  }
}

/** A plan of its own for each check: two at once do not meet. */
function checkPlan(): RunId {
  return `check-${randomUUID()}` as RunId;
}

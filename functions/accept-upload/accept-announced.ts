import { accountIdSchema, userIdSchema } from "../../lib/flows/accounts/requests.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { type Announcement, announcementIn } from "./announcement.ts";

/** Takes the upload up that a message tells of. Events come late, twice and out of order: the flow sorts that out. */
export async function acceptAnnounced(deps: Deps, bucket: string, message: string, signal: AbortSignal): Promise<void> {
  const announced = announcementIn(message);
  const { key } = announced;
  const owner = ownerOf(key);
  if (announced.bucket !== bucket || owner === undefined) {
    deps.log("upload-left-alone", { bucket: announced.bucket, key, reason: "it lies in nobody's inbox" });
    return;
  }
  const version = announced.version ?? (await versionOf(deps, announced));
  if (version === undefined) {
    // Replaced or moved since; or S3's own event brings it, when its time has come.
    deps.log("upload-left-alone", { ...owner, key, reason: "no version of it is the one that was announced" });
    return;
  }
  const isConfirmed = announced.isWhole || deps.uploadsAreWhole;
  await acceptUpload(deps, { ...owner, key, version, isConfirmed }, signal);
}

/** `inbox/<account>/<user>/…` */
function ownerOf(key: string) {
  const [inbox, account, user] = key.split("/");
  const [accountId, userId] = [accountIdSchema.safeParse(account), userIdSchema.safeParse(user)];
  if (inbox !== "inbox" || !accountId.success || !userId.success) return undefined;
  return { accountId: accountId.data, userId: userId.data };
}

/** The newest version that has as many bytes as the endpoint counted. */
async function versionOf(deps: Deps, { key, bytes }: Announcement): Promise<string | undefined> {
  const versions = await deps.files.versions(key, { limit: 1 });
  return versions.findLast((each) => each.key === key && (bytes === undefined || each.bytes === bytes))?.version;
}

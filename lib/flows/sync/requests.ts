import * as z from "zod";
import type { AccountId, RunId, SyncId } from "../../model/ids.ts";
import { idPrefixes } from "../../model/ids.ts";
import { syncModes } from "../../model/sync.ts";
import { accountIdSchema, pageFields } from "../accounts/requests.ts";
import { connectionIdSchema } from "../connections/requests.ts";

const syncIdPattern = new RegExp(`^${idPrefixes.connection}[0-9a-z]{14}-(profiles|events)-(${syncModes.join("|")})$`);

export const syncIdSchema = z
  .string()
  .refine((text) => syncIdPattern.test(text), { error: "not the id of a sync" }) as unknown as z.ZodType<SyncId>;

/** A run of an account, as machines name it. */
export const RunRequest = z.object({
  accountId: z.string().transform((id) => id as AccountId),
  runId: z.string().transform((id) => id as RunId),
});

/** A sync of an account. */
export const SyncRef = z.strictObject({ accountId: accountIdSchema, syncId: syncIdSchema });
export type SyncRef = z.infer<typeof SyncRef>;

export const SyncPage = SyncRef.extend(pageFields);

/** Errors of one sync, or of a connection and all its syncs. */
export const ErrorsPage = z.strictObject({
  accountId: accountIdSchema,
  connectionId: connectionIdSchema.optional(),
  syncId: syncIdSchema.optional(),
  ...pageFields,
});

import * as z from "zod";
import { historyWindows } from "../../model/connection.ts";
import { idSchema } from "../../model/id-schema.ts";
import type { ConnectionId } from "../../model/ids.ts";
import { dataObjects } from "../../model/log.ts";
import { accountIdSchema } from "../accounts/requests.ts";

export const connectionIdSchema = idSchema<ConnectionId>("connection");

/** A connection of an account. */
export const ConnectionRef = z.strictObject({ accountId: accountIdSchema, connectionId: connectionIdSchema });
export type ConnectionRef = z.infer<typeof ConnectionRef>;

const words = z.array(z.string().min(1).max(200)).max(1_000);

/** What a client may choose to send, all of it optional. */
export const selectionFields = {
  objects: z.array(z.enum(dataObjects)).min(1).optional(),
  excludedIntegrations: words.optional(),
  metrics: words.nullable().optional(),
  history: z.enum(Object.keys(historyWindows) as (keyof typeof historyWindows)[]).optional(),
} as const;

export const settingsSchema = z.record(z.string(), z.unknown());

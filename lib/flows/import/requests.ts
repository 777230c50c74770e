import * as z from "zod";
import { idSchema } from "../../model/id-schema.ts";
import type { ImportId } from "../../model/ids.ts";
import { rangeBytesMin } from "../../model/limits.ts";
import { dataObjects } from "../../model/log.ts";
import { accountIdSchema, userIdSchema } from "../accounts/requests.ts";

export const importIdSchema = idSchema<ImportId>("import");
export const folderSchema = z.enum(dataObjects);

/** One version of an object in the inbox. */
export const UploadRequest = z.object({
  accountId: accountIdSchema,
  userId: userIdSchema,
  key: z.string().min(1).max(1_024),
  version: z.string().min(1),
  bytes: z.int().min(0).optional(),
  /** False where nobody said that the upload is whole: only that an object is there. @default true */
  isConfirmed: z.boolean().optional(),
});
export type UploadRequest = z.infer<typeof UploadRequest>;

/** What every state of the import machine carries: an attempt at an import. */
export const ImportAttempt = z.object({
  accountId: accountIdSchema,
  importId: importIdSchema,
  attempt: z.int().positive(),
  /** Files are cut into ranges of at least so many bytes. */
  rangeBytesMin: z.int().positive().default(rangeBytesMin),
});
export type ImportAttempt = z.infer<typeof ImportAttempt>;

/** Whole records of the file: what one worker parses. */
export const ImportSlice = ImportAttempt.extend({
  /** 1, 2, 3… in the order of the file. */
  number: z.int().positive(),
  start: z.int().min(0),
  end: z.int().min(0),
  linesBefore: z.int().min(0),
});
export type ImportSlice = z.infer<typeof ImportSlice>;

/** What a step answers: the attempt, and where the machine goes next. */
export type ImportAnswer = ImportAttempt & {
  readonly next: "scan" | "parse" | "publish" | "wait" | "close" | "end";
  /** Key of the list of items to fan out over, or empty. */
  readonly itemsKey: string;
};

import * as z from "zod";
import { pageFields } from "../accounts/requests.ts";
import { ConnectionRef } from "../connections/requests.ts";

export const quarantineIdSchema = z
  .string()
  .regex(/^\d{13}-rn[0-9a-z]{14}-\d{1,7}(-[a-z]{1,8}\d{1,3})?$/, "not the id of quarantined rows");

/** A page of a connection's quarantine. */
export const QuarantinePage = ConnectionRef.extend(pageFields);

/** Rows of one file that were set aside together. */
export const QuarantineRef = ConnectionRef.extend({ quarantineId: quarantineIdSchema });

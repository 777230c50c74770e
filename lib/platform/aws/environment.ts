import * as z from "zod";
import { defaultTablePrefix } from "../../model/tables.ts";

const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").filter((entry) => entry !== ""));

/** What a function of ours finds in its environment: set by `lib/infra`, parsed once where the function starts. Empty means "not there". */
export const Environment = z.object({
  /** The first part of every physical name. */
  WS_NAME: z.string().min(1),
  WS_VERSION: z.string().min(1),
  WS_TABLE: z.string().min(1),
  WS_BUCKET: z.string().min(1),
  /** Names of secrets begin with it. */
  WS_SECRET_PREFIX: z.string().min(1),
  /** The customer-managed key of bucket, table and secrets. */
  WS_KMS_KEY_ARN: z.string().min(1),
  /** `arn:…:stateMachine:<name>-`; the machine's name follows. */
  WS_STATE_MACHINE_PREFIX: z.string().min(1),
  /** `<name>-writer-`; the kind follows. */
  WS_WRITER_PREFIX: z.string().min(1),
  /** Kinds of warehouse that this installation offers. */
  WS_KINDS: list,
  WS_TABLE_PREFIX: z.string().default(defaultTablePrefix),
  /** The role that a writer takes on for one account; in writers only. */
  WS_WRITER_ROLE_ARN: z.string().default(""),
  WS_SFTP_SERVER_ID: z.string().default(""),
  /** The role by which Transfer Family reaches users' files. */
  WS_SFTP_ROLE_ARN: z.string().default(""),
  WS_SFTP_HOST: z.string().default(""),
  WS_SFTP_HOST_KEY_FINGERPRINT: z.string().default(""),
  /** The addresses from which writers leave; none without NAT gateways. */
  WS_EGRESS_ADDRESSES: list,
});
export type Environment = z.infer<typeof Environment>;

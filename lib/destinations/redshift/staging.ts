import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { S3Client } from "@aws-sdk/client-s3";
import { SyncError } from "../../model/errors.ts";
import { dialledClient } from "../aws/dialled-client.ts";
import { s3StagingArea } from "../aws/s3-staging-area.ts";
import type { Batch, EncodedFile, OpenOptions, StagedFile, StagingArea } from "../destination.ts";
import type { RedshiftSettings } from "./settings.ts";

/** The customer's own staging bucket, where the settings name one; else the account's place in ours. Throws `SETTINGS_INVALID` where there is neither. */
export function stagingAreaOf(settings: RedshiftSettings, options: OpenOptions): StagingArea {
  const { stagingBucket: bucket, stagingRegion: region, stagingPrefix: prefix } = settings;
  const { stagingAccessKeyId: accessKeyId, stagingSecretAccessKey: secretAccessKey } = settings;
  if (bucket === undefined || region === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    if (options.staging !== undefined) return options.staging;
    throw new SyncError("SETTINGS_INVALID", {
      message: "stagingBucket: Redshift loads from Amazon S3, and this installation has no bucket of its own for that",
    });
  }
  const keys = { accessKeyId, secretAccessKey };
  const { dial, signal, awsEndpoints } = options;
  const client = dialledClient(S3Client, {
    ...{ dial, signal, region },
    credentials: async () => keys,
    endpoint: awsEndpoints?.["s3"],
  });
  return s3StagingArea({ client, address: { bucket, region, prefix }, credentials: async () => keys });
}

/** What the keys of everything that is staged for a plan begin with. */
function planPrefix({ address }: StagingArea, planId: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(planId)) return `${address.prefix}${planId}/`;
  throw new SyncError("INVARIANT_BROKEN", { message: `${planId} is no plan` });
}

/** The key of a file: its plan, number and content. What COPY says of a key, it says of these very bytes. */
export function stagedKey(
  area: StagingArea,
  planId: string,
  { object, number }: Pick<StagedFile, "object" | "number">,
  content: Buffer,
): string {
  const digest = createHash("sha256").update(content).digest("hex").slice(0, 16);
  return `${planPrefix(area, planId)}${object}-${number}-${digest}.ndjson.gz`;
}

/** Puts one file into the area. */
export async function putFile(area: StagingArea, file: EncodedFile): Promise<StagedFile> {
  const content = await readFile(file.path);
  const location = stagedKey(area, file.planId, file, content);
  await area.put(location, { bytes: content });
  const { number, object, rows, bytes, eventAtMin, eventAtMax } = file;
  return {
    ...{ number, object, rows, bytes, location },
    ...(eventAtMin === undefined ? {} : { eventAtMin }),
    ...(eventAtMax === undefined ? {} : { eventAtMax }),
  };
}

/** The number of the file that lies at an address of ours. */
export function fileNumberOf(url: string): number | undefined {
  const number = /\/[a-z]+-(\d+)-[0-9a-f]{16}\.ndjson\.gz$/.exec(url)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Addresses of staged files by their locations, as the log of load errors names them. */
export function urlsOf(area: StagingArea, locations: readonly string[]): readonly string[] {
  return locations.map((location) => urlOf(area, location));
}

/** Removes what was put for a plan. */
export async function discardPlan(area: StagingArea, planId: string): Promise<void> {
  await area.delete(await area.list(planPrefix(area, planId)));
}

/** Where COPY reads from, and by whose right. */
export interface CopySource {
  /** Of the manifest. */
  readonly url: string;
  readonly region: string;
  /** Clauses of COPY that let it read; they hold secrets. */
  readonly access: string;
  readonly secrets: readonly string[];
}

/**
 * Writes the manifest of some files of a plan and answers what COPY needs to read them. Files are mandatory: by default
 * COPY passes over those that are missing. https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
 */
export async function copySource(
  { area, settings }: { area: StagingArea; settings: Pick<RedshiftSettings, "iamRole"> },
  planId: string,
  files: readonly StagedFile[],
): Promise<CopySource> {
  const prefix = planPrefix(area, planId);
  const entries = files.map((file) => ({ url: urlOf(area, checkedKey(file.location, prefix)), mandatory: true }));
  const text = JSON.stringify({ entries });
  // Equal lists have one manifest, so that repeats leave no more of them.
  const name = `manifest-${createHash("sha256").update(text).digest("hex").slice(0, 16)}.json`;
  await area.put(`${prefix}${name}`, { bytes: Buffer.from(text) });
  return {
    url: urlOf(area, `${prefix}${name}`),
    region: area.address.region,
    ...(await accessOf(area, settings, prefix)),
  };
}

async function accessOf(
  area: StagingArea,
  { iamRole }: Pick<RedshiftSettings, "iamRole">,
  prefix: string,
): Promise<Pick<CopySource, "access" | "secrets">> {
  if (iamRole !== undefined) return { access: `IAM_ROLE '${iamRole}'`, secrets: [] };
  const { accessKeyId, secretAccessKey, sessionToken } = await area.credentials(prefix);
  const clauses = [
    `ACCESS_KEY_ID '${checkedKeyText(accessKeyId)}'`,
    `SECRET_ACCESS_KEY '${checkedKeyText(secretAccessKey)}'`,
    ...(sessionToken === undefined ? [] : [`SESSION_TOKEN '${checkedKeyText(sessionToken)}'`]),
  ];
  return {
    access: clauses.join(" "),
    secrets: [secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])],
  };
}

/** Keys are letters, digits and the signs of base 64; anything else has no business in a statement. */
function checkedKeyText(text: string): string {
  if (/^[A-Za-z0-9/+=_.-]{1,4096}$/.test(text)) return text;
  throw new SyncError("INVARIANT_BROKEN", { message: "credentials hold characters that credentials do not have" });
}

function checkedKey(key: string, prefix: string): string {
  if (key.startsWith(prefix) && /^[A-Za-z0-9/_.=-]+$/.test(key)) return key;
  throw new SyncError("STAGED_GONE", { message: "a file was staged elsewhere than where this connection stages" });
}

/** An object as COPY, manifests and the log of load errors name it. */
function urlOf({ address }: StagingArea, key: string): string {
  return `s3://${address.bucket}/${key}`;
}

/**
 * COPY of a manifest into a temporary table. No row may fail (MAXERROR 0 is the default): what fails is read from
 * the log of load errors. https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html
 */
export function copyStatement(table: string, columns: string, source: CopySource, isTrial = false): string {
  const { url, access, region } = source;
  return `COPY ${table} (${columns}) FROM '${url}' ${access} REGION '${region}' MANIFEST GZIP FORMAT JSON 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF MAXERROR 0${isTrial ? " NOLOAD" : ""}`;
}

/** Rows that the batch's files of an object hold, as they were brought. */
export function rowsOf(files: Batch["files"]): number {
  return files.reduce((sum, file) => sum + file.rows, 0);
}

import { gunzipSync } from "node:zlib";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import type { Copy } from "./copy-options.ts";
import { RedshiftFault } from "./fault.ts";
import type { World } from "./world.ts";

const Manifest = z.object({
  entries: z.array(z.object({ url: z.string(), mandatory: z.boolean().default(false) })),
});

/** The objects that a COPY names, as text. A file that is not mandatory may be missing. */
export async function objectsOfCopy(
  world: World,
  { url, options }: Copy,
): Promise<readonly { readonly url: string; readonly text: string }[]> {
  const region = options.get("REGION") ?? world.clusterRegion;
  if (region !== world.region) {
    throw s3Fault(
      "The bucket you are attempting to access must be addressed using the specified endpoint.",
      301,
      "PermanentRedirect",
    );
  }
  if (!options.has("MANIFEST")) throw new RedshiftFault("0A000", "this stand-in loads by manifest only");
  authorise(world, options, url);
  const manifest = Manifest.safeParse(jsonOf((await read(world, url)) ?? missing(url)));
  if (!manifest.success) throw new RedshiftFault("XX000", `The manifest file ${url} is not valid`);
  const found: { url: string; text: string }[] = [];
  for (const entry of manifest.data.entries) {
    authorise(world, options, entry.url);
    const body = await read(world, entry.url);
    if (body !== undefined)
      found.push({ url: entry.url, text: (options.has("GZIP") ? unzipped(body, entry.url) : body).toString() });
    else if (entry.mandatory) missing(entry.url);
  }
  return found;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function unzipped(body: Buffer, url: string): Buffer {
  try {
    return gunzipSync(body);
  } catch {
    throw new RedshiftFault("XX000", `gzip: unexpected end of stream or wrong header in ${url}`);
  }
}

function missing(url: string): never {
  throw s3Fault(`The specified key does not exist. Key: ${url}`, 404, "NoSuchKey");
}

/** https://docs.aws.amazon.com/redshift/latest/dg/s3serviceexception-error.html */
function s3Fault(words: string, status: number, name: string): RedshiftFault {
  const text = `S3ServiceException:${words},Status ${status},Error ${name},Rid TEST`;
  return new RedshiftFault("XX000", text, { detail: `error:  ${text}\n  code:  8001\n  context: Listing bucket` });
}

/** The right to read comes from a role of the cluster, or from keys. */
function authorise(world: World, options: Copy["options"], url: string): void {
  const place = url.replace(/^s3:\/\//, "");
  const role = options.get("IAM_ROLE");
  if (role !== undefined) {
    const attached = world.clusterRoles.get(role);
    if (attached === undefined)
      throw new RedshiftFault(
        "XX000",
        `User arn:aws:redshift:${world.clusterRegion}:123456789012:dbuser:cluster/user is not authorized to assume IAM Role ${role}`,
      );
    if (!place.startsWith(attached.reads)) throw s3Fault("Access Denied", 403, "AccessDenied");
    return;
  }
  const keys = world.keys.get(options.get("ACCESS_KEY_ID") ?? "");
  if (keys === undefined)
    throw s3Fault("The AWS Access Key Id you provided does not exist in our records.", 403, "InvalidAccessKeyId");
  if (keys.secret !== options.get("SECRET_ACCESS_KEY"))
    throw s3Fault(
      "The request signature we calculated does not match the signature you provided.",
      403,
      "SignatureDoesNotMatch",
    );
  if (keys.token !== (options.get("SESSION_TOKEN") ?? ""))
    throw s3Fault("The provided token is malformed or otherwise invalid.", 400, "InvalidToken");
  if (keys.endsAtMs < world.nowMs()) throw s3Fault("The provided token has expired.", 400, "ExpiredToken");
  if (keys.reads !== undefined && !place.startsWith(keys.reads)) throw s3Fault("Access Denied", 403, "AccessDenied");
}

async function read(world: World, url: string): Promise<Buffer | undefined> {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/(.*)$/.exec(url) ?? [];
  if (bucket !== world.bucket) throw s3Fault("The specified bucket does not exist", 404, "NoSuchBucket");
  const client = new S3Client({
    region: world.region,
    endpoint: world.s3.url,
    forcePathStyle: true,
    credentials: { accessKeyId: "stand-in", secretAccessKey: "stand-in" },
  });
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  } catch (error) {
    if ((error as Error).name === "NoSuchKey") return undefined;
    throw error;
  } finally {
    client.destroy();
  }
}

import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

/** Signed addresses are bearer secrets: none lives longer, whatever was asked. */
const presignSecondsMax = 300;

/** An address that lets its holder GET or PUT one key. */
export async function presignObject(
  client: S3Client,
  { method, ...object }: { readonly method: "GET" | "PUT"; readonly Bucket: string; readonly Key: string },
  secondsValid: number,
): Promise<string> {
  const expiresIn = Math.min(secondsValid, presignSecondsMax);
  if (method === "GET") return getSignedUrl(client, new GetObjectCommand(object), { expiresIn });
  const command = new PutObjectCommand(object);
  command.middlewareStack.add(
    (next) => (args) => {
      // The SDK adds the checksum of the body it has, which is none: S3 would refuse any other.
      const { headers } = args.request as { headers: Record<string, string> };
      for (const name of Object.keys(headers)) if (/^x-amz-(sdk-)?checksum-/.test(name)) delete headers[name];
      return next(args);
    },
    { step: "build", priority: "low", name: "withoutChecksum" },
  );
  return getSignedUrl(client, command, { expiresIn });
}

import { defineDestination } from "../destination.ts";
import { s3Costs } from "./costs.ts";
import { settings } from "./settings.ts";
import { setupScript } from "./setup-script.ts";

export default defineDestination({
  kind: "s3",
  title: "Amazon S3",
  settings,
  staging: "parquet",
  stagingOf: ({ format }) => (format === "ndjson" ? "ndjson-text.gz" : "parquet"),
  // Chosen: files are copied within the bucket, some at a time, so that a commit takes seconds. An object may have
  // 5 GB per copy: https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html
  limits: { batchRowsMax: 2_000_000, batchBytesMax: 1_073_741_824, batchFilesMax: 64, valueBytesMax: null },
  ports: [443],
  costs: s3Costs,
  about: {
    keeps: "files",
    signIn: [
      "Access key ID and secret access key of an IAM user",
      "Role ARN: a role of the customer's account, taken on with an external ID that is random for each connection",
    ],
    loadPath:
      "Parquet or NDJSON (gzip) is put under a staging folder, copied within the bucket to its partition, and counts once a numbered manifest, written with `If-None-Match`, names it",
    triedAgainst: [
      "our S3 server on the loopback, which checks signatures, conditions and the policies of the setup script",
      "DuckDB for the views",
    ],
    neverTriedLive: [
      "Amazon S3 itself, its STS and KMS",
      "Athena's statements: parsed by an independent parser, never run",
      "stores of others that speak S3's protocol",
    ],
  },
  setupScript,
  connect: async (given, target, options) => {
    const { openS3 } = await import("./client.ts");
    return openS3(given, target, options);
  },
});

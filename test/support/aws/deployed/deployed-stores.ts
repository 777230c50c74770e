import type { CreatedObject } from "../../../../lib/destinations/stand-ins/s3/s3-bucket.ts";
import { startS3 } from "../../../../lib/destinations/stand-ins/s3/s3-server.ts";
import { startDynamoDb } from "../dynamodb-server.ts";
import { startSecrets } from "../secrets-server.ts";
import { startStsServer } from "../sts-server.ts";
import { startTransferServer } from "../transfer-server.ts";
import { createTableLike } from "./create-table-like.ts";
import { sftpServerId, type TemplateValues } from "./template-values.ts";

export type DeployedStores = Awaited<ReturnType<typeof startDeployedStores>>;

export interface StoresOptions {
  readonly values: TemplateValues;
  readonly nowMs: () => number;
  readonly onCreated: (object: CreatedObject) => void;
}

/** The services that keep something, with the table and the bucket that the templates ask for. */
export async function startDeployedStores({ values, nowMs, onCreated }: StoresOptions) {
  await using starting = new AsyncDisposableStack();
  const bucketName = bucketOf(values);
  const dynamoDb = starting.use(await startDynamoDb());
  const s3 = starting.use(await startS3({ bucketName, nowMs, onCreated }));
  const secrets = starting.use(await startSecrets());
  const sts = starting.use(await startStsServer(nowMs));
  const transfer = starting.use(await startTransferServer(sftpServerId));
  const table = values.only("AWS::DynamoDB::Table");
  await createTableLike(table, dynamoDb.url);
  const running = starting.move();
  return {
    ...{ bucketName, tableName: table.attribute("Ref"), dynamoDb, s3, secrets, sts, transfer },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Of the two buckets, the one that is versioned and tells of its objects. */
function bucketOf(values: TemplateValues): string {
  const [bucket] = values.all("AWS::S3::Bucket").filter((each) => each.get("NotificationConfiguration") !== undefined);
  if (bucket === undefined) throw new TypeError("no bucket tells of its objects");
  return bucket.attribute("Ref");
}

import { openFiles } from "../../lib/platform/aws/files.ts";
import { hoursOf, s3Client } from "../support/aws/clients.ts";
import { startS3 } from "../support/aws/s3-server.ts";
import { windableClock } from "../support/clock.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { bucketName } from "./aws-stores.ts";
import { describeFiles } from "./files-contract.ts";

describeFiles("the files in S3", async () => {
  const clock = windableClock();
  const server = await startS3({ bucketName, nowMs: () => clock.now() });
  const scratch = tempFolder();
  const client = s3Client(server.url);
  return {
    files: openFiles({ client, bucket: bucketName, scratchFolder: scratch.path, clock: hoursOf(clock) }),
    clock,
    address: { module: new URL("./aws-stores.ts", import.meta.url).href, args: ["", server.url, scratch.path] },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
      scratch[Symbol.dispose]();
    },
  };
});

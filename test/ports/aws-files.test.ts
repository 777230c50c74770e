import { openS3Bed } from "../support/aws/stores-beds.ts";
import { describeFiles } from "./files-contract.ts";

describeFiles(
  "the files in S3",
  async () => {
    const bed = await openS3Bed();
    const module = new URL("./aws-stores.ts", import.meta.url).href;
    const address = { module, args: ["", bed.server.url, bed.scratchFolder] };
    return { ...bed, address, [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose]() };
  },
  { kills: 3, flaws: [] },
);

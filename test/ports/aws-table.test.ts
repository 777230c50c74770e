import { openDynamoDbBed } from "../support/aws/stores-beds.ts";
import { describeTable } from "./table-contract.ts";

describeTable(
  "the table in DynamoDB",
  async () => {
    const bed = await openDynamoDbBed();
    const address = { module: new URL("./aws-stores.ts", import.meta.url).href, args: [bed.server.url, "", ""] };
    return { ...bed, address, [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose]() };
  },
  { flaws: ["text is compared by its bytes, not by UTF-16 units"], raises: 25 },
);

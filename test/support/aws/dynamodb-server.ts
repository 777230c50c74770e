import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type Fault, Faults } from "../../../lib/destinations/stand-ins/faults.ts";
import { type Answer, type CallDynalite, type Json, openDynalite } from "./dynalite-call.ts";
import { cancelled, failure, keysOf, runTransaction, writesOf } from "./dynamodb-transactions.ts";
import { Gate } from "./gate.ts";

/** A DynamoDB on loopback, in the memory of this process; others reach it by `url`. Any credentials will do. */
export interface DynamoDbServer extends AsyncDisposable {
  readonly url: string;
  readonly faults: Faults;
}

export interface DynamoDbOptions {
  /** What meets a transaction that names an item of one under way: its turn, or a conflict as in AWS. @default "turn" */
  readonly overlapping?: "turn" | "conflict";
}

/** Starts dynalite behind a front door that adds what it lacks: transactions, the TTL setting, and faults. */
export async function startDynamoDb(options: DynamoDbOptions = {}): Promise<DynamoDbServer> {
  const door = new FrontDoor(openDynalite(), options);
  const server = createServer((request, response) => {
    door.serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: door.faults,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

class FrontDoor {
  readonly faults = new Faults();
  readonly #call: CallDynalite;
  readonly #options: DynamoDbOptions;
  readonly #gate = new Gate();
  readonly #tokens = new Map<string, string>();
  readonly #busyKeys = new Set<string>();
  readonly #ttl = new Map<string, unknown>();

  constructor(call: CallDynalite, options: DynamoDbOptions) {
    this.#call = call;
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const fault = this.faults.take(operation);
    const answer = faultBefore(fault, body) ?? (await this.#answer(operation, body));
    if (fault === "drop-before" || fault === "drop-after") {
      response.destroy();
      return;
    }
    const shown = fault === "error-after" ? failure("InternalServerError", "internal", {}, 500) : answer;
    for (const [name, value] of Object.entries(shown.headers)) response.setHeader(name, value);
    response.writeHead(shown.status).end(shown.body);
  }

  async #answer(operation: string, body: string): Promise<Answer> {
    switch (operation) {
      case "TransactWriteItems":
        return this.#transact(JSON.parse(body) as Json, body);
      case "UpdateTimeToLive":
      case "DescribeTimeToLive":
        return this.#timeToLive(operation, JSON.parse(body) as Json);
      default:
        return this.#gate.shared(() => this.#call(operation, body));
    }
  }

  async #transact(request: Json, body: string): Promise<Answer> {
    const writes = writesOf(request);
    const keys = await keysOf(this.#call, writes);
    if (new Set(keys).size < keys.length) {
      return failure("ValidationException", "Transaction request cannot include multiple operations on one item");
    }
    if (this.#options.overlapping === "conflict") {
      const codes = keys.map((key) => (this.#busyKeys.has(key) ? "TransactionConflict" : "None"));
      if (codes.includes("TransactionConflict")) return cancelled(codes);
    }
    for (const key of keys) this.#busyKeys.add(key);
    try {
      return await this.#gate.exclusive(() => this.#once(request["ClientRequestToken"], body, writes));
    } finally {
      for (const key of keys) this.#busyKeys.delete(key);
    }
  }

  /** The same token again is the same transaction: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
  async #once(token: unknown, body: string, writes: ReturnType<typeof writesOf>): Promise<Answer> {
    const known = this.#tokens.get(String(token));
    if (known === body) return { status: 200, headers: {}, body: "{}" };
    if (known !== undefined) return failure("IdempotentParameterMismatchException", "another request had this token");
    const answer = await runTransaction(this.#call, writes);
    if (token !== undefined && answer.status === 200) this.#tokens.set(String(token), body);
    return answer;
  }

  #timeToLive(operation: string, request: Json): Answer {
    const name = String(request["TableName"]);
    if (operation === "UpdateTimeToLive") this.#ttl.set(name, request["TimeToLiveSpecification"]);
    const setting = this.#ttl.get(name) as { AttributeName?: string; Enabled?: boolean } | undefined;
    const described = { TimeToLiveStatus: setting?.Enabled ? "ENABLED" : "DISABLED", ...setting };
    const body =
      operation === "UpdateTimeToLive" ? { TimeToLiveSpecification: setting } : { TimeToLiveDescription: described };
    return { status: 200, headers: { "content-type": "application/x-amz-json-1.0" }, body: JSON.stringify(body) };
  }
}

/** What a call meets instead of being applied. */
function faultBefore(fault: Fault | undefined, body: string): Answer | undefined {
  if (fault === "throttle") return failure("ThrottlingException", "Rate exceeded");
  if (fault === "error-before" || fault === "drop-before") return failure("InternalServerError", "internal", {}, 500);
  if (fault !== "conflict") return undefined;
  const { length } = (JSON.parse(body) as { TransactItems: unknown[] }).TransactItems;
  return cancelled(["TransactionConflict", ...Array<string>(length - 1).fill("None")]);
}

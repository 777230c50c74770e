import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { handle } from "../handle.ts";
import { acceptAnnounced } from "./accept-announced.ts";
import { eachMessage } from "./batch.ts";

/** Called with what EventBridge put into the queues of uploads; the event source asks for partial batch responses. */
export const handler = handle<SQSEvent, SQSBatchResponse>(async ({ deps, environment }, event, signal) =>
  eachMessage(deps, event, signal, (message) => acceptAnnounced(deps, environment.WS_BUCKET, message, signal)),
);

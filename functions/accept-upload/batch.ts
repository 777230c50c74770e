import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import type { Deps } from "../../lib/flows/deps.ts";

/**
 * Works through the messages of a batch one after the other and reports those that failed, which SQS hands out again
 * and, after so many times, puts into the dead-letter queue. What the time was not enough for is reported as well.
 */
export async function eachMessage(
  { log }: Pick<Deps, "log">,
  { Records: records }: SQSEvent,
  signal: AbortSignal,
  work: (body: string) => Promise<void>,
): Promise<SQSBatchResponse> {
  const failed: SQSRecord[] = [];
  for (const record of records) {
    try {
      signal.throwIfAborted();
      await work(record.body);
    } catch (error) {
      log("message-failed", { messageId: record.messageId, message: String(error).slice(0, 1_000) });
      failed.push(record);
    }
  }
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

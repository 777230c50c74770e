import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { sqsEvent } from "../events.ts";
import type { DeployedQueue } from "./deployed-facts.ts";

interface Message {
  readonly body: string;
  readonly visibleAtMs: number;
  readonly receives: number;
}

export interface QueueOptions {
  readonly nowMs: () => number;
  readonly invoke: (functionName: string, event: SQSEvent) => Promise<unknown>;
  /** Where a message goes that was received too often. */
  readonly bury: (queueArn: string, body: string) => void;
}

/** A queue of SQS with the functions that Lambda reads it for. Messages that fail are visible again at once. */
export class Queue {
  readonly #deployed: DeployedQueue;
  readonly #options: QueueOptions;
  #messages: Message[] = [];

  constructor(deployed: DeployedQueue, options: QueueOptions) {
    this.#deployed = deployed;
    this.#options = options;
  }

  /** Bodies of what waits, seen or not. */
  get bodies(): readonly string[] {
    return this.#messages.map(({ body }) => body);
  }

  send(body: string): void {
    const visibleAtMs = this.#options.nowMs() + this.#deployed.delaySeconds * 1_000;
    this.#messages.push({ body, visibleAtMs, receives: 0 });
  }

  /** Hands out everything whose time has come; answers whether there was anything. */
  async deliver(): Promise<boolean> {
    const [reader] = this.#deployed.readers;
    if (reader === undefined) return false;
    const due = this.#messages.filter(({ visibleAtMs }) => visibleAtMs <= this.#options.nowMs());
    const batch = due.slice(0, reader.batchSize);
    if (batch.length === 0) return false;
    this.#messages = this.#messages.filter((each) => !batch.includes(each));
    const failed = await this.#failedOf(reader, batch);
    for (const message of failed) this.#giveBack({ ...message, receives: message.receives + 1 });
    return true;
  }

  /** Lambda takes a batch for done unless the function fails, or says which of it failed. */
  async #failedOf(reader: DeployedQueue["readers"][number], batch: readonly Message[]): Promise<readonly Message[]> {
    const event = sqsEvent(batch.map(({ body }) => body));
    try {
      const answer = (await this.#options.invoke(reader.functionName, event)) as SQSBatchResponse | null;
      const failures = reader.isPartial ? (answer?.batchItemFailures ?? []) : [];
      return batch.filter((_, index) =>
        failures.some(({ itemIdentifier }) => itemIdentifier === event.Records[index]?.messageId),
      );
    } catch {
      return batch;
    }
  }

  #giveBack(message: Message): void {
    const { deadLettersArn, receivesMax } = this.#deployed;
    if (message.receives < receivesMax) this.#messages.push(message);
    else if (deadLettersArn !== undefined) this.#options.bury(deadLettersArn, message.body);
  }
}

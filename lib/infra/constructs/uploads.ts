import { Duration } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import type * as lambda from "aws-cdk-lib/aws-lambda";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Config } from "../config.ts";
import { acknowledge } from "./acknowledge.ts";
import type { FunctionSet, SftpPlace } from "./functions.ts";
import { deadLetterQueue, workQueue } from "./queues.ts";
import type { Stored } from "./storage.ts";

/** How long an upload of unknown completeness waits for the word of the SFTP server: the longest that SQS delays. */
const unconfirmedDelaySeconds = 900;

/** Calls of `accept-upload` at a time, per queue: it only starts imports, and must leave room for them. */
const concurrencyMax = 10;

interface UploadsProps {
  readonly config: Config;
  readonly stored: Pick<Stored, "bucket">;
  readonly functions: FunctionSet;
  /** Null where no SFTP endpoint runs. */
  readonly sftp: SftpPlace | null;
}

/**
 * From an upload to its import. The SFTP server says when a file is whole, on a best-effort basis; S3 says for certain
 * that there is one, whole or not. So the first starts the import at once, and the second 15 minutes later if need be.
 */
export class Uploads extends Construct {
  /** Events that could not be handled, or not even delivered. */
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { config, stored, functions, sftp }: UploadsProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, "DeadLetters", `${config.name}-uploads-dead`, { servesQueues: true });
    const acceptUpload = functions.get("accept-upload");
    const created = this.rule("Created", config, "uploads-created", "An object appeared in the inbox", {
      source: ["aws.s3"],
      detailType: ["Object Created"],
      detail: { bucket: { name: [stored.bucket.bucketName] }, object: { key: [{ prefix: "inbox/" }] } },
    });
    const delaySeconds = sftp === null ? 0 : unconfirmedDelaySeconds;
    this.connect("Unconfirmed", `${config.name}-uploads`, created, acceptUpload, delaySeconds);
    if (sftp === null) return;
    const confirmed = this.rule("Confirmed", config, "uploads-confirmed", "An SFTP upload or rename has ended well", {
      source: ["aws.transfer"],
      detailType: ["SFTP Server File Upload Completed", "SFTP Server File Rename Completed"],
      detail: { "server-id": [sftp.serverId] },
    });
    this.connect("Whole", `${config.name}-uploads-confirmed`, confirmed, acceptUpload, 0);
  }

  private rule(id: string, config: Config, name: string, description: string, eventPattern: events.EventPattern) {
    return new events.Rule(this, id, { ruleName: `${config.name}-${name}`, description, eventPattern });
  }

  /** Rule → queue → function; what fails at either step lands in the dead letters. */
  private connect(
    id: string,
    queueName: string,
    rule: events.Rule,
    reader: lambda.Function,
    delaySeconds: number,
  ): void {
    const queue = workQueue(this, id, {
      queueName,
      delaySeconds,
      deadLetters: this.deadLetters,
      functionTimeout: reader.timeout ?? Duration.seconds(3),
    });
    rule.addTarget(new targets.SqsQueue(queue, { deadLetterQueue: this.deadLetters }));
    const source = new SqsEventSource(queue, {
      batchSize: 10,
      maxConcurrency: concurrencyMax,
      reportBatchItemFailures: true,
    });
    reader.addEventSource(source);
    const mapping = reader.node.children.at(-1);
    if (mapping !== undefined)
      acknowledge(
        mapping,
        "Serverless-LambdaEventSourceMappingDestination",
        "SQS is no stream: what fails goes to the dead letters of the queue.",
      );
  }
}

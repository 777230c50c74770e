import { Duration } from "aws-cdk-lib";
import * as sqs from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";

/** Events lie in a queue as they come from AWS: names and times, no rows. SQS's own key is enough, and needs no key policy. */
const closed = { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true } as const satisfies sqs.QueueProps;

interface DeadLetterOptions {
  /** Whether other queues hand their dead letters over to it. @default false */
  readonly servesQueues?: boolean;
}

/** Where messages go that nobody could handle: kept for 14 days, the most that SQS keeps anything, and an alarm looks at it. */
export function deadLetterQueue(
  scope: Construct,
  id: string,
  queueName: string,
  { servesQueues = false }: DeadLetterOptions = {},
): sqs.Queue {
  const queue = new sqs.Queue(scope, id, { queueName, retentionPeriod: Duration.days(14), ...closed });
  if (!servesQueues)
    acknowledge(
      queue,
      "AwsSolutions-SQS3",
      "It is the dead-letter queue: of rules and functions, where cdk-nag does not look.",
    );
  acknowledge(queue, "Serverless-SQSRedrivePolicy", "It is the dead-letter queue itself.");
  return queue;
}

interface WorkQueueProps {
  readonly queueName: string;
  readonly deadLetters: sqs.IQueue;
  /** How long a message stays unseen after it has come. */
  readonly delaySeconds: number;
  /** How long one call of the function that reads it may take. */
  readonly functionTimeout: Duration;
}

/** Tries of one message before it counts as dead. */
const receivesMax = 5;

/** A queue that a function reads. Its visibility is six times the function's time: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
export function workQueue(scope: Construct, id: string, props: WorkQueueProps): sqs.Queue {
  return new sqs.Queue(scope, id, {
    queueName: props.queueName,
    deliveryDelay: Duration.seconds(props.delaySeconds),
    visibilityTimeout: Duration.seconds(6 * props.functionTimeout.toSeconds()),
    retentionPeriod: Duration.days(4),
    deadLetterQueue: { queue: props.deadLetters, maxReceiveCount: receivesMax },
    ...closed,
  });
}

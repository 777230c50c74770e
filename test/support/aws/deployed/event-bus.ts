import type { Asked } from "../../../../lib/destinations/stand-ins/evaluate-policy.ts";
import type { DeployedQueue, DeployedRule, RuleTarget } from "./deployed-facts.ts";
import { meetsPattern } from "./event-pattern.ts";
import { Queue } from "./queue.ts";

export interface EventBusOptions {
  readonly rules: readonly DeployedRule[];
  readonly queues: readonly DeployedQueue[];
  readonly nowMs: () => number;
  readonly invoke: (functionNameOrArn: string, event: unknown) => Promise<unknown>;
  readonly startMachine: (machineArn: string, input: string) => Promise<void>;
  /** Whether a function's own policy admits a rule. */
  readonly mayCall: (functionArn: string, service: string, sourceArn: string) => boolean;
  /** Whether the policies of a target's role allow a call. */
  readonly roleMay: (roleArn: string, asked: Asked) => boolean;
}

/** EventBridge and SQS as the templates arrange them. */
export class EventBus {
  readonly #options: EventBusOptions;
  readonly #queues: ReadonlyMap<string, Queue>;
  #delivering: Promise<unknown> = Promise.resolve();
  #isLosing: (event: object) => boolean = () => false;

  constructor(options: EventBusOptions) {
    this.#options = options;
    const { queues, nowMs, invoke } = options;
    const bury = (queueArn: string, body: string) => this.#queue(queueArn).send(body);
    this.#queues = new Map(queues.map((each) => [each.arn, new Queue(each, { nowMs, invoke, bury })]));
  }

  /** What lies in queues that nobody reads: dead letters. */
  get deadLetters(): readonly string[] {
    return this.#options.queues
      .filter(({ readers }) => readers.length === 0)
      .flatMap(({ arn }) => this.#queue(arn).bodies);
  }

  /** What waits in queues for its time. */
  get waiting(): readonly string[] {
    return this.#options.queues
      .filter(({ readers }) => readers.length > 0)
      .flatMap(({ arn }) => this.#queue(arn).bodies);
  }

  /** Events like this get lost until the end of `using`. */
  lose(isLost: (event: object) => boolean): Disposable {
    this.#isLosing = isLost;
    return {
      [Symbol.dispose]: () => {
        this.#isLosing = () => false;
      },
    };
  }

  /** An event happens: every rule that it meets does what it shall. */
  async put(event: object): Promise<void> {
    if (this.#isLosing(event)) return;
    const met = this.#options.rules.filter(({ pattern }) => pattern !== undefined && meetsPattern(event, pattern));
    for (const rule of met) await this.#run(rule, event);
  }

  /** The time of a rule has come that goes by the clock. */
  async tick(ruleName: string): Promise<void> {
    const rule = this.#options.rules.find(({ name }) => name === ruleName);
    if (rule === undefined || rule.pattern !== undefined) throw new TypeError(`no schedule is called ${ruleName}`);
    const time = new Date(this.#options.nowMs()).toISOString().replace(/\.\d+/, "");
    await this.#run(rule, {
      source: "aws.events",
      "detail-type": "Scheduled Event",
      time,
      resources: [rule.arn],
      detail: {},
    });
  }

  /** Hands out what waits in queues and is due, until nothing is. */
  async deliver(): Promise<void> {
    const before = this.#delivering;
    this.#delivering = before.then(async () => {
      for (let isBusy = true; isBusy; ) {
        const delivered = await Promise.all([...this.#queues.values()].map((queue) => queue.deliver()));
        isBusy = delivered.includes(true);
      }
    });
    await this.#delivering;
  }

  async #run(rule: DeployedRule, event: object): Promise<void> {
    for (const target of rule.targets) {
      const input = inputOf(target, event);
      const service = target.Arn.split(":")[2];
      if (service === "sqs") this.#queue(target.Arn).send(input);
      else if (service === "states") await this.#start(target, input);
      else if (service === "lambda") await this.#call(rule, target, input);
      else throw new TypeError(`rules call no ${target.Arn}`);
    }
  }

  async #start({ Arn, RoleArn = "" }: RuleTarget, input: string): Promise<void> {
    if (!this.#options.roleMay(RoleArn, { action: "states:StartExecution", resource: Arn }))
      throw new TypeError(`${RoleArn} may not start ${Arn}`);
    await this.#options.startMachine(Arn, input);
  }

  async #call(rule: DeployedRule, { Arn }: RuleTarget, input: string): Promise<void> {
    if (!this.#options.mayCall(Arn, "events.amazonaws.com", rule.arn))
      throw new TypeError(`${rule.name} may not call ${Arn}`);
    await this.#options.invoke(Arn, JSON.parse(input));
  }

  #queue(arn: string): Queue {
    const queue = this.#queues.get(arn);
    if (queue === undefined) throw new TypeError(`there is no queue ${arn}`);
    return queue;
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html */
function inputOf({ InputTransformer }: RuleTarget, event: object): string {
  if (InputTransformer === undefined) return JSON.stringify(event);
  const { InputPathsMap, InputTemplate } = InputTransformer;
  return InputTemplate.replace(/<(\w+)>/g, (_, name: string) => {
    const path = InputPathsMap[name]?.split(".").slice(1) ?? [];
    const found = path.reduce<unknown>((value, field) => (value as Record<string, unknown>)[field], event);
    return String(found);
  });
}

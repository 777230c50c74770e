import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Asked } from "../../../../lib/destinations/stand-ins/evaluate-policy.ts";
import { openFiles } from "../../../../lib/platform/aws/files.ts";
import { StateFailure } from "../../../../lib/platform/embedded/asl-failure.ts";
import { systemClock, systemRandomness } from "../../../../lib/platform/system-clock.ts";
import { type StatesServer, type StatusEvent, startStatesServer } from "../states-server.ts";
import type { DeployedMachine } from "./deployed-facts.ts";
import { FunctionFailed } from "./function-host.ts";

export interface StepFunctionsOptions {
  readonly machines: readonly DeployedMachine[];
  /** The installation's name, which the names of machines begin with. */
  readonly name: string;
  readonly folder: string;
  readonly bucket: string;
  /** A client with the keys of the machine's role. */
  readonly clientOf: (machine: DeployedMachine) => S3Client;
  readonly roleMay: (roleArn: string, asked: Asked) => boolean;
  readonly functionArn: (nameOrArn: string) => string;
  readonly invoke: (functionArn: string, payload: unknown) => Promise<unknown>;
  readonly onStatus: (event: StatusEvent) => Promise<void>;
}

/** Step Functions with the machines of the templates: each runs by itself, with the rights of its role. */
export class StepFunctions implements AsyncDisposable {
  readonly arns: readonly string[];
  readonly #servers: ReadonlyMap<string, StatesServer>;

  private constructor(servers: ReadonlyMap<string, StatesServer>, arns: readonly string[]) {
    this.#servers = servers;
    this.arns = arns;
  }

  static async start(options: StepFunctionsOptions): Promise<StepFunctions> {
    const servers = new Map<string, StatesServer>();
    for (const machine of options.machines) servers.set(machine.name, await startMachine(machine, options));
    return new StepFunctions(
      servers,
      options.machines.map(({ arn }) => arn),
    );
  }

  /** The server that knows the machine, or an execution of it. */
  of(arn: string): StatesServer {
    const server = this.#servers.get(arn.split(":")[6] ?? "");
    if (server === undefined) throw new TypeError(`there is no machine of ${arn}`);
    return server;
  }

  /** Waits until no execution runs any more, also of those that were started meanwhile. */
  async settled(): Promise<void> {
    for (const { workflows } of this.#servers.values()) await workflows.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.values()) await server[Symbol.asyncDispose]();
  }
}

/** Waits are cut short: nothing waits here but for what other steps do, and that is done in a moment. */
const waitMsMax = 100;

async function startMachine(machine: DeployedMachine, options: StepFunctionsOptions): Promise<StatesServer> {
  const { name, folder, bucket } = options;
  writeFileSync(join(folder, `${machine.name.slice(name.length + 1)}.asl.json`), machine.definition);
  const client = options.clientOf(machine);
  return startStatesServer({
    name,
    folder,
    files: openFiles({ client, bucket, scratchFolder: folder, clock: systemClock }),
    clock: systemClock,
    randomness: systemRandomness,
    wait: (ms, signal) => setTimeout(Math.min(ms, waitMsMax), undefined, { signal }),
    onStatus: options.onStatus,
    runStep: async (nameOrArn, payload) => {
      const resource = options.functionArn(nameOrArn);
      if (!options.roleMay(machine.roleArn, { action: "lambda:InvokeFunction", resource }))
        throw new StateFailure("Lambda.AWSLambdaException", `${machine.name} may not call ${resource}`);
      return options.invoke(resource, payload).catch((error: unknown) => {
        throw error instanceof FunctionFailed
          ? new StateFailure(error.error.errorType, JSON.stringify(error.error))
          : error;
      });
    },
  });
}

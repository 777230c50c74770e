import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { awsClient } from "../../../../lib/platform/aws/clients.ts";
import { tempFolder } from "../../temp-folder.ts";
import { objectCreated } from "../events.ts";
import { startLambdaServer } from "../lambda-server.ts";
import { startApiGateway } from "./api-gateway.ts";
import { functionsOf, machinesOf, mayCall, queuesOf, rulesOf } from "./deployed-facts.ts";
import { type DeployedStores, startDeployedStores } from "./deployed-stores.ts";
import { EventBus } from "./event-bus.ts";
import { type FrontDoor, openFrontDoor } from "./front-door.ts";
import { FunctionHost } from "./function-host.ts";
import { type InstallationClock, installationClock } from "./installation-clock.ts";
import { may } from "./policies.ts";
import { keyOfRole, principalsOf } from "./principals.ts";
import { StepFunctions } from "./step-functions.ts";
import { type Assembly, synthesise } from "./synthesis.ts";
import { awsAccount, region, TemplateValues } from "./template-values.ts";

/** What `cdk deploy` would have made, on the loopback of this machine. */
export interface DeployedInstallation extends AsyncDisposable {
  /** Of the API, with the stage. */
  readonly url: string;
  readonly name: string;
  readonly values: TemplateValues;
  readonly stores: DeployedStores;
  readonly door: FrontDoor;
  readonly host: FunctionHost;
  readonly bus: EventBus;
  readonly steps: StepFunctions;
  readonly clock: InstallationClock;
  /** The executions that anybody asked for, in order. */
  readonly executions: readonly StartedExecution[];
  /** An S3 client with somebody's keys. */
  readonly clientOf: (accessKeyId: string) => S3Client;
  /** Lets everything that is under way come to its end. */
  readonly settle: () => Promise<void>;
}

/** An execution as it was asked for. */
interface StartedExecution {
  readonly machineArn: string;
  readonly name: string;
  readonly input: string;
}

export interface DeploymentOptions {
  /** Where the warehouse's server really listens. */
  readonly warehousePort: number;
}

/** Synthesises the app and brings up everything that its templates name. */
export async function deployInstallation(options: DeploymentOptions): Promise<DeployedInstallation> {
  await using starting = new AsyncDisposableStack();
  const folder = starting.use(tempFolder());
  const path = (name: string) => {
    const made = join(folder.path, name);
    mkdirSync(made);
    return made;
  };
  const assembly = await synthesise(path("cdk.out"));
  const installation = await bringUp(assembly, options, path, starting);
  const running = starting.move();
  return { ...installation, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function bringUp(
  assembly: Assembly,
  { warehousePort }: DeploymentOptions,
  path: (name: string) => string,
  starting: AsyncDisposableStack,
): Promise<Omit<DeployedInstallation, typeof Symbol.asyncDispose>> {
  const values = new TemplateValues(assembly.stacks);
  const clock = installationClock();
  const { nowMs, aheadMs } = clock;
  const functions = functionsOf(values, assembly);
  const name = functions[0]?.environment["WS_NAME"] ?? "";
  const executions: StartedExecution[] = [];
  const late = Promise.withResolvers<EventBus>();
  const happenings = new Set<Promise<void>>();
  const happens = (event: object) => {
    const happening = late.promise.then((eventBus) => eventBus.put(event));
    happenings.add(happening);
    void happening.finally(() => happenings.delete(happening)).catch(() => undefined);
    return happening;
  };
  const stores = starting.use(
    await startDeployedStores({
      ...{ values, nowMs },
      onCreated: ({ key, versionId, bytes }) =>
        void happens(JSON.parse(objectCreated(stores.bucketName, key, versionId, bytes)) as object),
    }),
  );
  const principalOf = principalsOf({ values, sts: stores.sts, transfer: stores.transfer });
  const roleMay = (roleArn: string, asked: Parameters<typeof may>[1]) => may(principalOf(keyOfRole(roleArn)), asked);
  const temp = path("tmp");
  const host = starting.use(
    new FunctionHost({
      functions,
      aheadMs,
      surroundings: ({ roleArn }) => ({
        ...{ AWS_REGION: region, AWS_DEFAULT_REGION: region, AWS_ENDPOINT_URL: door.endpoint },
        ...{ AWS_ACCESS_KEY_ID: keyOfRole(roleArn), AWS_SECRET_ACCESS_KEY: "secret", AWS_SESSION_TOKEN: "session" },
        ...{ NODE_PATH: join(process.cwd(), "node_modules"), TMPDIR: temp },
        ...{ POWERTOOLS_LOG_LEVEL: "DEBUG", TEST_WAREHOUSE_PORT: String(warehousePort) },
      }),
    }),
  );
  const invoke = (nameOrArn: string, event: unknown) => host.invoke(nameOrArn, event);
  const lambda = starting.use(await startLambdaServer(invoke));
  const door: FrontDoor = starting.use(
    await openFrontDoor({
      ...{ principalOf, nowMs },
      keyArn: values.only("AWS::KMS::Key").attribute("Arn"),
      endpointOf: (service, body) => {
        const { dynamoDb, s3, secrets, sts, transfer } = stores;
        if (service === "states") {
          const { stateMachineArn, executionArn, name = "", input = "" } = JSON.parse(body) as Record<string, string>;
          if (stateMachineArn !== undefined) executions.push({ machineArn: stateMachineArn, name, input });
          return steps.of(stateMachineArn ?? executionArn ?? "").endpoint;
        }
        const endpoints: Readonly<Record<string, string>> = {
          ...{ dynamodb: dynamoDb.url, s3: s3.url, lambda: lambda.endpoint },
          ...{ secretsmanager: secrets.endpoint, sts: sts.endpoint, transfer: transfer.endpoint },
        };
        return endpoints[service] ?? "";
      },
    }),
  );
  const clientOf = (accessKeyId: string) =>
    awsClient(S3Client, {
      region,
      endpoint: door.endpoint,
      credentials: async () => ({ accessKeyId, secretAccessKey: "secret" }),
    });
  const steps: StepFunctions = starting.use(
    await StepFunctions.start({
      ...{ name, roleMay, invoke, folder: path("machines"), bucket: stores.bucketName },
      machines: machinesOf(values),
      clientOf: ({ roleArn }) => clientOf(keyOfRole(roleArn)),
      functionArn: (nameOrArn) =>
        nameOrArn.startsWith("arn:") ? nameOrArn : `arn:aws:lambda:${region}:${awsAccount}:function:${nameOrArn}`,
      onStatus: happens,
    }),
  );
  const calls = (functionArn: string, service: string, sourceArn: string) =>
    mayCall(values, functionArn, service, sourceArn);
  const bus = new EventBus({
    ...{ rules: rulesOf(values), queues: queuesOf(values), nowMs, invoke, roleMay, mayCall: calls },
    startMachine: async (machineArn, input) => {
      const { workflows } = steps.of(machineArn);
      const execution = `rule-${executions.length + 1}`;
      executions.push({ machineArn, name: execution, input });
      const machine = machineArn.slice(machineArn.lastIndexOf(`:${name}-`) + name.length + 2);
      await workflows.start(machine as "dispatch", execution, JSON.parse(input));
    },
  });
  late.resolve(bus);
  const api = starting.use(await startApiGateway({ values, invoke, mayCall: calls }));
  const settle = async () => {
    for (let known = -1; happenings.size > 0 || known < executions.length; ) {
      known = executions.length;
      await Promise.all(happenings);
      await bus.deliver();
      await steps.settled();
    }
  };
  return {
    ...{ url: api.endpoint, name, values, stores, door, host, bus, steps, clock, executions, clientOf, settle },
  };
}

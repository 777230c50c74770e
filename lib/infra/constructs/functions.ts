import { Duration, RemovalPolicy, Size, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Places } from "../call-resources.ts";
import type { Config } from "../config.ts";
import { functionSpecs } from "../function-specs.ts";
import { functionArn } from "../names.ts";
import type { FunctionSpec } from "../specs/function-spec.ts";
import { writerSpecOf } from "../specs/sync-specs.ts";
import { acknowledge } from "./acknowledge.ts";
import { functionEnvironment } from "./function-environment.ts";
import { allow } from "./function-role.ts";
import { type Network, placeOf, type WriterNetwork } from "./network.ts";
import { deadLetterQueue } from "./queues.ts";
import type { Stored } from "./storage.ts";
import { writerRole } from "./writer-role.ts";

/** The SFTP endpoint as functions need to know it: made before them, and knowing nothing of them. */
export interface SftpPlace {
  readonly serverId: string;
  readonly serverArn: string;
  readonly host: string;
  /** The role that users' sessions take on; `CreateUser` passes it. */
  readonly userRoleArn: string;
  /** Empty where AWS generated the host key. */
  readonly hostKeyFingerprint: string;
}

/** Every function of the installation. */
export interface FunctionSet {
  /** By the folder's name under `functions/`, without the installation's prefix. Throws a `TypeError` for a name that there is not. */
  get(name: string): lambda.Function;
  /** By kind of warehouse. */
  readonly writers: Readonly<Record<string, lambda.Function>>;
  /** Every function, writers included. */
  readonly all: readonly lambda.Function[];
}

/** The code of the functions: folders made before the tree is. */
export interface Code {
  /** The folder of a function's bundle, by its name or `writer-<kind>`. */
  readonly folderOf: (name: string) => string;
  /** Folders that become layers of the functions with an engine. */
  readonly engineLayers: readonly string[];
}

export interface FunctionsProps {
  readonly config: Config;
  readonly stored: Stored;
  readonly network: Network;
  readonly sftp: SftpPlace | null;
  readonly code: Code;
  readonly version: string;
}

/** One Lambda function for each entry of `function-specs.ts`, and a writer for each kind of warehouse; each with a role and a log group of its own. */
export class Functions extends Construct implements FunctionSet {
  readonly writers: Readonly<Record<string, lambda.Function>>;
  /** Events that a function called by a rule could not handle. */
  readonly deadLetters: sqs.Queue;
  readonly #byName = new Map<string, lambda.Function>();
  readonly #props: FunctionsProps;
  readonly #layers: readonly lambda.ILayerVersion[];
  readonly #environment: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const { config, network, stored } = props;
    this.#props = props;
    this.#environment = functionEnvironment(Stack.of(this), props);
    this.#layers = props.code.engineLayers.map((folder, index) => this.layer(folder, index));
    this.deadLetters = deadLetterQueue(this, "DeadLetters", `${config.name}-functions-dead`);
    const roles = network.writers.map(({ kind }) => this.role(`writer-${kind}`));
    const shared = writerRole(this, { config, stored, writers: roles });
    this.writers = Object.fromEntries(
      network.writers.map((writer, index) => {
        const role = roles[index] ?? this.role(writer.kind);
        const made = this.make(`writer-${writer.kind}`, writerSpecOf(writer), {
          role,
          writer,
          writerRoleArn: shared.roleArn,
        });
        return [writer.kind, made];
      }),
    );
    for (const [name, spec] of Object.entries(functionSpecs))
      this.make(name, spec, { role: this.role(name), writerRoleArn: shared.roleArn });
  }

  get(name: string): lambda.Function {
    const found = this.#byName.get(name);
    if (found === undefined) throw new TypeError(`no function is called ${name}`);
    return found;
  }

  get all(): readonly lambda.Function[] {
    return [...this.#byName.values()];
  }

  private layer(folder: string, index: number): lambda.LayerVersion {
    const { config } = this.#props;
    return new lambda.LayerVersion(this, `Layer${index}`, {
      layerVersionName: `${config.name}-engine-${index}`,
      description: "DuckDB for the functions that read and write files of rows",
      code: lambda.Code.fromAsset(folder),
      compatibleRuntimes: [lambda.Runtime.NODEJS_24_X],
      compatibleArchitectures: [architectureOf(config)],
    });
  }

  private role(name: string): iam.Role {
    return new iam.Role(this, `${idOf(name)}Role`, {
      description: `What ${name} may do`,
      assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
    });
  }

  private make(
    name: string,
    spec: FunctionSpec,
    { role, writer, writerRoleArn }: { role: iam.Role; writer?: WriterNetwork; writerRoleArn: string },
  ): lambda.Function {
    const { config, network, code } = this.#props;
    const logGroup = this.logGroup(name);
    const isWriter = writer !== undefined;
    const { queueArn } = this.deadLetters;
    allow(role, spec, {
      ...this.places(writerRoleArn),
      logGroup,
      ownArn: functionArn(Stack.of(this), config.name, name),
      isInVpc: isWriter && network.vpc !== null,
      deadLettersArn: queueArn,
    });
    const made = new lambda.Function(this, idOf(name), {
      functionName: `${config.name}-${name}`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: architectureOf(config),
      handler: "index.handler",
      code: lambda.Code.fromAsset(code.folderOf(name)),
      layers: spec.hasEngine === true ? [...this.#layers] : [],
      memorySize: spec.memoryMb,
      timeout: Duration.seconds(spec.timeoutSeconds),
      ephemeralStorageSize: Size.mebibytes(spec.scratchMb ?? 512),
      role,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      environment: {
        ...this.#environment,
        POWERTOOLS_SERVICE_NAME: name,
        ...(isWriter ? { WS_WRITER_ROLE_ARN: writerRoleArn } : {}),
      },
      ...(isWriter ? placeOf(network, writer) : {}),
      ...(spec.isAsync === true ? { onFailure: { bind: () => ({ destination: queueArn }) }, retryAttempts: 2 } : {}),
    });
    // By hand: the construct would put a star into a policy that has none.
    (made.node.defaultChild as lambda.CfnFunction).tracingConfig = { mode: "Active" };
    acknowledge(made, "Serverless-LambdaDLQ", spec.isAsync === true ? failsIntoQueue : failsIntoAnswer);
    this.#byName.set(name, made);
    return made;
  }

  private places(writerRoleArn: string): Places {
    const { config, stored, network, sftp } = this.#props;
    const kinds = network.writers.map(({ kind }) => kind);
    return { stack: Stack.of(this), name: config.name, stored, kinds, sftp, writerRoleArn };
  }

  private logGroup(name: string): logs.LogGroup {
    const { config, stored } = this.#props;
    return new logs.LogGroup(this, `${idOf(name)}Log`, {
      logGroupName: `/aws/lambda/${config.name}-${name}`,
      retention: config.logRetentionDays,
      encryptionKey: stored.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

const failsIntoQueue = "Its failure destination is a queue of dead letters, which also get the error.";
const failsIntoAnswer = "Whoever calls it waits for the answer and hears of every failure.";

function architectureOf({ architecture }: Config): lambda.Architecture {
  return architecture === "arm64" ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64;
}

/** `plan-import` → `PlanImport` */
function idOf(name: string): string {
  return name.replace(/(^|-)(\w)/g, (_match, _hyphen, letter: string) => letter.toUpperCase());
}

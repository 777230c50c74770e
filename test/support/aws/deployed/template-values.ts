import type { StackTemplate } from "./synthesis.ts";

/** What a stack is deployed into. */
export const region = "eu-west-1";
export const awsAccount = "123456789012";

const pseudo: Readonly<Record<string, string>> = {
  "AWS::Region": region,
  "AWS::AccountId": awsAccount,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

/** The server that the stand-in for Transfer Family plays. */
export const sftpServerId = "s-0123456789abcdef0";

interface Made {
  readonly id: string;
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

type Attributes = Readonly<Record<string, (made: Made) => string>>;

const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${awsAccount}:${rest}`;

/** What AWS would answer for a resource: its reference, and its attributes. Whatever else is asked for throws. */
const answers: Readonly<Record<string, Attributes>> = {
  "AWS::ApiGateway::Authorizer": { Ref: ({ id }) => id },
  "AWS::ApiGateway::Model": { Ref: ({ id }) => id },
  "AWS::ApiGateway::RequestValidator": { Ref: ({ id }) => id },
  "AWS::ApiGateway::Resource": { Ref: ({ id }) => id },
  "AWS::ApiGateway::RestApi": { Ref: ({ id }) => id, RootResourceId: () => "root" },
  "AWS::ApiGateway::Stage": { Ref: ({ properties }) => String(properties["StageName"]) },
  "AWS::DynamoDB::Table": { Ref: ({ name }) => name, Arn: ({ name }) => arn("dynamodb", `table/${name}`) },
  "AWS::EC2::EIP": { PublicIp: () => "198.51.100.7" },
  "AWS::Events::Rule": { Arn: ({ properties }) => arn("events", `rule/${properties["Name"]}`) },
  "AWS::IAM::Role": { Ref: ({ name }) => name, Arn: ({ name }) => `arn:aws:iam::${awsAccount}:role/${name}` },
  "AWS::KMS::Key": { Ref: ({ id }) => id, Arn: ({ id }) => arn("kms", `key/${id}`) },
  "AWS::Lambda::Function": {
    Ref: ({ properties }) => String(properties["FunctionName"]),
    Arn: ({ properties }) => arn("lambda", `function:${properties["FunctionName"]}`),
  },
  "AWS::Lambda::LayerVersion": { Ref: ({ id }) => arn("lambda", `layer:${id}:1`) },
  "AWS::Logs::LogGroup": { Arn: ({ name }) => arn("logs", `log-group:${name}:*`), Ref: ({ name }) => name },
  "AWS::S3::Bucket": { Ref: ({ name }) => name, Arn: ({ name }) => `arn:aws:s3:::${name}` },
  "AWS::SQS::Queue": {
    Ref: ({ properties }) => `https://sqs.${region}.amazonaws.com/${awsAccount}/${properties["QueueName"]}`,
    Arn: ({ properties }) => arn("sqs", String(properties["QueueName"])),
    QueueName: ({ properties }) => String(properties["QueueName"]),
  },
  "AWS::StepFunctions::StateMachine": {
    Ref: ({ properties }) => arn("states", `stateMachine:${properties["StateMachineName"]}`),
  },
  "AWS::Transfer::Workflow": { WorkflowId: () => "w-0123456789abcdef0" },
  "AWS::Transfer::Server": {
    ServerId: () => sftpServerId,
    Arn: () => arn("transfer", `server/${sftpServerId}`),
  },
};

/** Reads templates as CloudFormation would after everything in them had been made. */
export class TemplateValues {
  readonly #stacks: Readonly<Record<string, StackTemplate>>;
  readonly #exports = new Map<string, () => unknown>();

  constructor(stacks: Readonly<Record<string, StackTemplate>>) {
    this.#stacks = stacks;
    for (const stack of Object.values(stacks))
      for (const { Value, Export } of Object.values(stack.Outputs ?? {}))
        if (Export !== undefined) this.#exports.set(String(Export.Name), () => this.#value(stack, Value));
  }

  /** The resources of a type with their properties resolved as they are asked for, by their ids in the template. */
  all(type: string): readonly DeployedResource[] {
    return Object.values(this.#stacks).flatMap((stack) =>
      Object.entries(stack.Resources)
        .filter(([, resource]) => resource.Type === type)
        .map(([id, { Properties = {} }]) => ({
          id,
          get: (property: string) => this.#value(stack, Properties[property]),
          attribute: (name: string) => this.#attribute(stack, id, name),
        })),
    );
  }

  /** The one resource of a type. */
  only(type: string): DeployedResource {
    const found = this.all(type);
    if (found.length !== 1 || found[0] === undefined)
      throw new TypeError(`there are ${found.length} of ${type}, not 1`);
    return found[0];
  }

  #value(stack: StackTemplate, given: unknown): unknown {
    if (Array.isArray(given)) return given.map((each) => this.#value(stack, each));
    if (typeof given !== "object" || given === null) return given;
    const entries = Object.entries(given);
    const [name, argument] = entries[0] ?? [];
    if (entries.length === 1 && name !== undefined && (name === "Ref" || name.startsWith("Fn::")))
      return this.#call(stack, name, argument);
    return Object.fromEntries(entries.map(([key, value]) => [key, this.#value(stack, value)]));
  }

  #call(stack: StackTemplate, name: string, argument: unknown): unknown {
    const list = () => this.#value(stack, argument) as readonly unknown[];
    switch (name) {
      case "Ref":
        return pseudo[String(argument)] ?? this.#attribute(stack, String(argument), "Ref");
      case "Fn::GetAtt": {
        const [id, attribute] = argument as [string, string];
        return this.#attribute(stack, id, attribute);
      }
      case "Fn::ImportValue": {
        const exported = this.#exports.get(String(this.#value(stack, argument)));
        if (exported === undefined) throw new TypeError(`no stack exports ${JSON.stringify(argument)}`);
        return exported();
      }
      case "Fn::Join": {
        const [delimiter, parts] = list() as [string, string[]];
        return parts.join(delimiter);
      }
      case "Fn::Split": {
        const [delimiter, text] = list() as [string, string];
        return text.split(delimiter);
      }
      case "Fn::Select": {
        const [index, items] = list() as [number, unknown[]];
        return items[index];
      }
      case "Fn::Sub":
        return String(argument).replace(/\$\{([\w:]+)\}/g, (_, id: string) => String(this.#call(stack, "Ref", id)));
      default:
        throw new TypeError(`${name} is not resolved here`);
    }
  }

  #attribute(stack: StackTemplate, id: string, attribute: string): string {
    const resource = stack.Resources[id];
    const answer = answers[resource?.Type ?? ""]?.[attribute];
    if (resource === undefined || answer === undefined)
      throw new TypeError(`${attribute} of ${id} (${resource?.Type}) is not known here`);
    const texts = Object.entries(resource.Properties ?? {}).filter(
      (each): each is [string, string] => typeof each[1] === "string",
    );
    const properties = Object.fromEntries(texts);
    const given = nameProperties.map((name) => properties[name]).find((name) => name !== undefined);
    return answer({ id, name: given ?? id.toLowerCase(), properties });
  }
}

/** Where a resource may say itself what it is called. */
const nameProperties = ["RoleName", "TableName", "BucketName", "LogGroupName"] as const;

/** A resource after the deployment. */
export interface DeployedResource {
  readonly id: string;
  readonly get: (property: string) => unknown;
  readonly attribute: (name: string) => string;
}

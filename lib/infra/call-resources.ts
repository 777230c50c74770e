import type { Stack } from "aws-cdk-lib";
import type { AwsCall } from "../platform/aws/aws-call.ts";
import type { SftpPlace } from "./constructs/functions.ts";
import type { Stored } from "./constructs/storage.ts";
import { executionsArn, functionArn, machineArn } from "./names.ts";

/** What the short names of resources in an `AwsCall` stand for. */
export interface Places {
  readonly stack: Stack;
  readonly name: string;
  readonly stored: Stored;
  readonly kinds: readonly string[];
  /** Null where the installation has no SFTP; then no call names it. */
  readonly sftp: SftpPlace | null;
  readonly writerRoleArn: string;
}

/** What a call is allowed on. */
export interface CallResource {
  readonly arns: readonly string[];
  /** Why they end in a star, where they do. */
  readonly reason?: string;
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A call's two halves. */
export function parts(call: AwsCall): { readonly action: string; readonly resource: string } {
  const [action = "", resource = ""] = call.split(" ");
  return { action, resource };
}

const onExecutions = /^states:(DescribeExecution|StopExecution)$/;
/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awstransferfamily.html */
const onServer = /^transfer:(CreateUser|ListUsers|DescribeServer)$/;

/** The resource by a name that tells apart what IAM tells apart. Calls of one group share a statement. */
export function groupOf(call: AwsCall): string {
  const { action, resource } = parts(call);
  if (onExecutions.test(action)) return resource.replace("machine/", "executions/");
  if (resource === "sftp") return onServer.test(action) ? "sftp/server" : "sftp/users";
  return resource;
}

/** The ARNs of a group. Throws a `TypeError` for one that nobody has heard of. */
export function resourceOf(group: string, places: Places): CallResource {
  const [kind = "", which = ""] = group.split("/");
  const find = Object.hasOwn(resources, kind) ? resources[kind] : undefined;
  if (find === undefined) throw new TypeError(`no resource is called ${group}`);
  return find(places, which);
}

const resources: Readonly<Record<string, (places: Places, which: string) => CallResource>> = {
  table: ({ stored }) => ({ arns: [stored.table.tableArn] }),
  bucket: ({ stored }, area) => ({
    arns: [stored.bucket.arnForObjects(`${area}/*`)],
    reason: `Objects under ${area}/ get their keys at run time.`,
  }),
  machine: ({ stack, name }, machine) => ({ arns: [machineArn(stack, name, machine)] }),
  executions: ({ stack, name }, machine) => ({
    arns: [executionsArn(stack, name, machine)],
    reason: "Executions get their names at run time.",
  }),
  secret: ({ stack, name }) => ({
    arns: [stack.formatArn({ service: "secretsmanager", resource: `secret:${name}/*` })],
    reason: "Secrets get their names at run time.",
  }),
  writer: ({ stack, name, kinds }) => ({ arns: kinds.map((kind) => functionArn(stack, name, `writer-${kind}`)) }),
  role: ({ stack, sftp, writerRoleArn }, which) => {
    if (which === "writer") return { arns: [writerRoleArn] };
    if (which === "customer") return customersRoles(stack);
    return { arns: [required(sftp).userRoleArn], conditions: { StringEquals: toTransfer } };
  },
  sftp: ({ stack, sftp }, which) => {
    const { serverArn, serverId } = required(sftp);
    if (which === "server") return { arns: [serverArn] };
    const users = stack.formatArn({ service: "transfer", resource: "user", resourceName: `${serverId}/*` });
    return { arns: [users], reason: "Users are made at run time." };
  },
};

/** Their trust policies decide; ours never goes without the connection's external ID. */
function customersRoles({ partition }: Stack): CallResource {
  return {
    arns: [`arn:${partition}:iam::*:role/*`],
    reason:
      "Customers name the role of theirs that we may take on, in any account, by the connection's external ID only.",
    conditions: { Null: { "sts:ExternalId": "false" } },
  };
}

function required(sftp: SftpPlace | null): SftpPlace {
  if (sftp === null) throw new TypeError("a call to SFTP is declared where there is none");
  return sftp;
}

const toTransfer = { "iam:PassedToService": "transfer.amazonaws.com" };

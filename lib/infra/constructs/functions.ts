import type * as lambda from "aws-cdk-lib/aws-lambda";

/** The SFTP endpoint as functions need to know it: made before them, and knowing nothing of them. */
export interface SftpPlace {
  readonly serverId: string;
  readonly serverArn: string;
  readonly host: string;
  /** The role that users' sessions take on; `CreateUser` passes it. */
  readonly userRoleArn: string;
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

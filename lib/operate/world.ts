import type { Output } from "../local/cli/output.ts";

/** Who signs the calls. */
export interface Identity {
  readonly account: string;
  readonly arn: string;
}

/** AWS as the operator's commands see it, in one account and region. */
export interface Cloud {
  /** Undefined where neither flag, environment nor profile names one. */
  region(): Promise<string | undefined>;
  /** Rejects where there are no credentials or they are no good. */
  identity(signal: AbortSignal): Promise<Identity>;
  /** Undefined where there is no such stack. */
  outputs(stackName: string): Promise<Readonly<Record<string, string>> | undefined>;
  invoke(functionName: string, payload: unknown, signal: AbortSignal): Promise<unknown>;
  /** Deletes every version of every object; answers how many. */
  emptyBucket(bucket: string, signal: AbortSignal): Promise<number>;
  /** Deletes for good the secrets whose names begin so; answers how many. */
  deleteSecrets(prefix: string, signal: AbortSignal): Promise<number>;
  /** Makes table `to` of this region hold exactly the items of `from`. */
  copyTable(
    from: { readonly name: string; readonly region: string },
    to: string,
    signal: AbortSignal,
  ): Promise<{ readonly copied: number; readonly deleted: number }>;
}

/** The CDK's command line. Its own words go to the terminal. */
export interface Cdk {
  /** Answers the exit code; when aborted, after the command has ended. */
  run(words: readonly string[], signal: AbortSignal): Promise<number>;
}

export interface Place {
  readonly profile?: string;
  readonly region?: string;
}

/** What an operator's command needs of the world. */
export interface OperatorWorld {
  readonly output: Output;
  /** Null where no terminal is there to answer. */
  ask(question: string): Promise<string | null>;
  open(place: Place): { readonly cloud: Cloud; readonly cdk: Cdk };
  /** Reads the options as the CDK app will, cdk.json included. Throws where one is wrong. */
  installationName(context: Readonly<Record<string, string>>): string;
  /** Where the CDK writes what it synthesised. */
  readonly assemblyFolder: string;
}

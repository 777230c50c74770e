import { CfnOutput, Fn, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { Config } from "../config.ts";
import { type Code, Functions } from "../constructs/functions.ts";
import { type Kind, Network } from "../constructs/network.ts";
import { SftpEndpoint } from "../constructs/sftp-endpoint.ts";
import type { Stored } from "../constructs/storage.ts";
import { pascalCase } from "../names.ts";

export interface AppStackProps extends StackProps {
  readonly config: Config;
  readonly stored: Stored;
  readonly kinds: readonly Kind[];
  readonly code: Code;
  readonly version: string;
}

/** All that can be made again: network, functions, machines, doors and what watches over them. */
export class AppStack extends Stack {
  readonly network: Network;
  readonly sftp: SftpEndpoint | null;
  readonly functions: Functions;

  constructor(scope: Construct, { config, stored, kinds, code, version, ...props }: AppStackProps) {
    super(scope, `${pascalCase(config.name)}App`, {
      description: "Warehouse Sync: network, functions, machines, API and SFTP",
      ...props,
    });
    this.network = new Network(this, "Network", { config, stored, kinds });
    this.sftp = config.sftp ? new SftpEndpoint(this, "Sftp", { config, stored }) : null;
    const { network, sftp } = this;
    this.functions = new Functions(this, "Functions", { config, stored, network, sftp, code, version });
    this.tell();
  }

  /** Without an account to ask, the CDK knows of two zones; three are allowed. */
  override get availabilityZones(): string[] {
    return [0, 1, 2].map((index) => Fn.select(index, Fn.getAzs()));
  }

  private tell(): void {
    const { network, sftp, functions } = this;
    new CfnOutput(this, "EgressAddresses", {
      description: "Where writers come from, for customers' firewalls",
      value: network.egressAddresses.join(",") || "none are fixed",
    });
    if (sftp !== null) new CfnOutput(this, "SftpHost", { value: sftp.host });
    new CfnOutput(this, "IssueOperatorTokenFunction", { value: functions.get("issue-operator-token").functionName });
  }
}

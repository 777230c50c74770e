import { CfnOutput, Fn, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { Config } from "../config.ts";
import { Alarms } from "../constructs/alarms.ts";
import { Api } from "../constructs/api.ts";
import { AuditTrail } from "../constructs/audit-trail.ts";
import { Dashboard } from "../constructs/dashboard.ts";
import { type Code, Functions } from "../constructs/functions.ts";
import { Machines } from "../constructs/machines.ts";
import { type Kind, Network } from "../constructs/network.ts";
import { Schedules } from "../constructs/schedules.ts";
import { SftpEndpoint } from "../constructs/sftp-endpoint.ts";
import type { Stored } from "../constructs/storage.ts";
import { Uploads } from "../constructs/uploads.ts";
import { watchedMetrics } from "../constructs/watched-metrics.ts";
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
  readonly machines: Machines;
  readonly api: Api;

  constructor(scope: Construct, { config, stored, kinds, code, version, ...props }: AppStackProps) {
    super(scope, `${pascalCase(config.name)}App`, {
      description: "Warehouse Sync: network, functions, machines, API and SFTP",
      ...props,
    });
    this.network = new Network(this, "Network", { config, stored, kinds });
    this.sftp = config.sftp ? new SftpEndpoint(this, "Sftp", { config, stored }) : null;
    const { network, sftp } = this;
    this.functions = new Functions(this, "Functions", { config, stored, network, sftp, code, version });
    const { functions } = this;
    this.machines = new Machines(this, "Machines", { config, stored, functions });
    this.api = new Api(this, "Api", { config, stored, functions });
    const uploads = new Uploads(this, "Uploads", { config, stored, functions, sftp });
    const schedules = new Schedules(this, "Schedules", { config, functions, dispatch: this.machines.get("dispatch") });
    this.watch(config, stored, { uploads, schedules });
    this.tell();
  }

  /** Without an account to ask, the CDK knows of two zones; three are allowed. */
  override get availabilityZones(): string[] {
    return [0, 1, 2].map((index) => Fn.select(index, Fn.getAzs()));
  }

  private watch(config: Config, stored: Stored, parts: { uploads: Uploads; schedules: Schedules }): void {
    const { functions, machines, api } = this;
    const deadLetters = {
      uploads: parts.uploads.deadLetters,
      executions: machines.deadLetters,
      ticks: parts.schedules.deadLetters,
      functions: functions.deadLetters,
    };
    const watched = { config, functions, machines, deadLetters, restApi: api.restApi, table: stored.table };
    const metrics = watchedMetrics(watched);
    new Alarms(this, "Alarms", { ...watched, stored, metrics });
    new Dashboard(this, "Dashboard", { ...watched, metrics });
    if (config.auditTrail) new AuditTrail(this, "AuditTrail", { config, stored });
  }

  private tell(): void {
    const { network, sftp, functions, api } = this;
    new CfnOutput(this, "ApiAddress", { description: "Where clients call", value: api.address });
    new CfnOutput(this, "EgressAddresses", {
      description: "Where writers come from, for customers' firewalls",
      value: network.egressAddresses.join(",") || "none are fixed",
    });
    if (sftp !== null) new CfnOutput(this, "SftpHost", { value: sftp.host });
    new CfnOutput(this, "IssueOperatorTokenFunction", { value: functions.get("issue-operator-token").functionName });
  }
}

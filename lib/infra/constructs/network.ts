import * as ec2 from "aws-cdk-lib/aws-ec2";
import type * as lambda from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { Config } from "../config.ts";
import { StaticEgress } from "./static-egress.ts";
import type { Stored } from "./storage.ts";

/** A kind of warehouse, and the TCP ports that warehouses of the kind listen on. */
export interface Kind {
  readonly kind: string;
  readonly ports: readonly number[] | "any";
  /** Whether its connections may name a role of the customer's. @default false */
  readonly takesRoles?: boolean;
}

/** The way out of one kind's writer. */
export interface WriterNetwork {
  readonly kind: string;
  readonly takesRoles: boolean;
  /** Null where writers run outside a VPC. */
  readonly securityGroup: ec2.SecurityGroup | null;
}

interface NetworkProps {
  readonly config: Config;
  readonly stored: Pick<Stored, "key">;
  readonly kinds: readonly Kind[];
}

/** Where the writers run, and how they get out: our own VPC, the operator's, or none at all. */
export class Network extends Construct {
  /** Null without NAT gateways: then nothing of ours runs in a VPC. */
  readonly vpc: ec2.IVpc | null;
  /** The addresses that warehouses see; none where they are not fixed. */
  readonly egressAddresses: readonly string[];
  readonly writers: readonly WriterNetwork[];

  constructor(scope: Construct, id: string, { config, stored, kinds }: NetworkProps) {
    super(scope, id);
    if (config.vpc !== null) {
      this.vpc = ec2.Vpc.fromVpcAttributes(this, "Given", {
        vpcId: config.vpc.id,
        availabilityZones: config.vpc.zones,
        privateSubnetIds: config.vpc.privateSubnetIds,
      });
      this.egressAddresses = config.vpc.egressAddresses;
    } else if (config.natGateways === "0") {
      this.vpc = null;
      this.egressAddresses = [];
    } else {
      const egress = new StaticEgress(this, "Egress", { config, key: stored.key });
      this.vpc = egress.vpc;
      this.egressAddresses = egress.addresses;
    }
    this.writers = kinds.map(({ kind, ports, takesRoles = false }) => ({
      ...{ kind, takesRoles },
      securityGroup: this.exit(config, kind, ports),
    }));
  }

  /** Nothing comes in; out go the warehouse's ports, and 443 to AWS itself. */
  private exit(config: Config, kind: string, ports: Kind["ports"]): ec2.SecurityGroup | null {
    if (this.vpc === null) return null;
    const group = new ec2.SecurityGroup(this, `Writer${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`, {
      vpc: this.vpc,
      securityGroupName: `${config.name}-writer-${kind}`,
      description: `The writer of ${kind}: no way in, and only the ports of its warehouses out`,
      allowAllOutbound: false,
    });
    if (ports === "any") {
      group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcpRange(1, 65_535), "Customers choose the port; and AWS");
      return group;
    }
    for (const port of [...new Set([443, ...ports])].sort((a, b) => a - b))
      group.addEgressRule(
        ec2.Peer.anyIpv4(),
        ec2.Port.tcp(port),
        port === 443 ? "AWS, and whoever speaks HTTPS" : kind,
      );
    return group;
  }
}

/** How a function is put where its writer gets out. */
export function placeOf(
  { vpc }: Network,
  { securityGroup }: WriterNetwork,
): Pick<lambda.FunctionOptions, "vpc" | "vpcSubnets" | "securityGroups"> {
  if (vpc === null || securityGroup === null) return {};
  return { vpc, vpcSubnets: { subnets: vpc.privateSubnets }, securityGroups: [securityGroup] };
}

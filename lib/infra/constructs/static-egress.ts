import { Aws, CfnResource, RemovalPolicy, Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { type Config, natGatewayCount } from "../config.ts";

interface StaticEgressProps {
  readonly config: Config;
  readonly key: kms.IKey;
}

/** A VPC that reaches the internet from addresses that never change, so that a customer can allow-list us. */
export class StaticEgress extends Construct {
  readonly vpc: ec2.Vpc;
  /** The public addresses to publish, one per NAT gateway. */
  readonly addresses: readonly string[];

  constructor(scope: Construct, id: string, { config, key }: StaticEgressProps) {
    super(scope, id);
    const gateways = natGatewayCount(config);
    const ips = config.egressIps.length > 0 ? config.egressIps : this.newIps(config, gateways);
    this.addresses = ips.map(({ address }) => address);
    this.vpc = new ec2.Vpc(this, "Vpc", {
      vpcName: config.name,
      ipAddresses: ec2.IpAddresses.cidr("10.79.0.0/16"),
      maxAzs: config.zones,
      natGateways: gateways,
      natGatewayProvider: ec2.NatProvider.gateway({ eipAllocationIds: ips.map(({ allocationId }) => allocationId) }),
      subnetConfiguration: [
        { name: "Nat", subnetType: ec2.SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
        { name: "Writers", subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
      ],
      // Free, and the bulk of what writers read does not pass the NAT gateways.
      gatewayEndpoints: {
        S3: { service: ec2.GatewayVpcEndpointAwsService.S3 },
        DynamoDB: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
      },
      restrictDefaultSecurityGroup: true,
    });
    this.keepFlowLogs(config, key);
    this.logOf(config, key);
  }

  private newIps(config: Config, count: number): Config["egressIps"] {
    return Array.from({ length: count }, (_, index) => {
      const ip = new ec2.CfnEIP(this, `Address${index}`, {
        domain: "vpc",
        tags: [{ key: "Name", value: `${config.name}-egress-${index + 1}` }],
      });
      // Customers have it in their firewalls: it stays even where the rest goes, and `egressIps` takes it up again.
      if (config.removalPolicy === "retain") ip.applyRemovalPolicy(RemovalPolicy.RETAIN);
      return { allocationId: ip.attrAllocationId, address: ip.attrPublicIp };
    });
  }

  private keepFlowLogs(config: Config, key: kms.IKey): void {
    const logGroup = new logs.LogGroup(this, "FlowLog", {
      logGroupName: `/aws/vendedlogs/${config.name}/network`,
      retention: config.logRetentionDays,
      encryptionKey: key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, "FlowLogRole", {
      description: "VPC flow logs write to their log group",
      assumedBy: new iam.ServicePrincipal("vpc-flow-logs.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
      }),
    });
    this.vpc.addFlowLog("FlowLog", { destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup, role) });
  }

  /** The function by which the CDK closes the VPC's default security group gets a log like ours; else Lambda would make one that is kept for ever. */
  private logOf(config: Config, key: kms.IKey): void {
    const provider = Stack.of(this).node.tryFindChild("Custom::VpcRestrictDefaultSGCustomResourceProvider");
    const handler = provider?.node.tryFindChild("Handler");
    if (!(handler instanceof CfnResource)) throw new TypeError("the CDK closes default security groups in another way");
    const logGroup = new logs.LogGroup(this, "CloseDefaultGroupLog", {
      logGroupName: `/aws/lambda/${config.name}-close-default-group`,
      retention: config.logRetentionDays,
      encryptionKey: key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    handler.addPropertyOverride("LoggingConfig", { LogGroup: logGroup.logGroupName });
  }
}

import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { resourcesOf, templates } from "./support/installation.ts";

const ownVpc = {
  id: "vpc-0123456789abcdef0",
  zones: ["eu-west-1a", "eu-west-1b"],
  privateSubnetIds: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
  egressAddresses: ["203.0.113.7"],
};

describe("the network", async () => {
  const { app } = await templates();

  test("has one NAT gateway on an address of its own, unless told otherwise", () => {
    app.resourceCountIs("AWS::EC2::NatGateway", 1);
    app.resourceCountIs("AWS::EC2::EIP", 1);
    app.resourceCountIs("AWS::EC2::Subnet", 4);
    app.hasOutput("EgressAddresses", { Value: { "Fn::GetAtt": [Match.anyValue(), "PublicIp"] } });
  });

  test("keeps its addresses when the stack goes, since customers have them in their firewalls", () => {
    for (const { deletionPolicy } of resourcesOf(app, "AWS::EC2::EIP")) expect(deletionPolicy).toBe("Retain");
  });

  test("has a NAT gateway in each zone where the options say so", async () => {
    const { app: wide } = await templates({ natGateways: "per-zone", zones: "3" });

    wide.resourceCountIs("AWS::EC2::NatGateway", 3);
    wide.resourceCountIs("AWS::EC2::EIP", 3);
    wide.resourceCountIs("AWS::EC2::Subnet", 6);
  });

  test("is not there without NAT gateways, and then no address is fixed", async () => {
    const { app: bare } = await templates({ natGateways: "0" });

    for (const type of ["AWS::EC2::VPC", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::SecurityGroup"])
      bare.resourceCountIs(type, 0);
    for (const { properties } of resourcesOf(bare, "AWS::Lambda::Function"))
      expect(properties["VpcConfig"]).toBeUndefined();
    bare.hasOutput("EgressAddresses", { Value: "none are fixed" });
  });

  test("leaves by addresses that are there already where the options name them", async () => {
    const egressIps = [{ allocationId: "eipalloc-0123456789abcdef0", address: "203.0.113.9" }];
    const { app: moved } = await templates({ egressIps });

    moved.resourceCountIs("AWS::EC2::EIP", 0);
    moved.hasResourceProperties("AWS::EC2::NatGateway", { AllocationId: "eipalloc-0123456789abcdef0" });
    moved.hasOutput("EgressAddresses", { Value: "203.0.113.9" });
  });

  test("may be the operator's own, whose addresses are told", async () => {
    const { app: given } = await templates({ vpc: ownVpc });

    given.resourceCountIs("AWS::EC2::VPC", 0);
    given.hasResourceProperties("AWS::Lambda::Function", {
      FunctionName: "warehouse-sync-writer-postgres",
      VpcConfig: { SubnetIds: ownVpc.privateSubnetIds },
      Environment: { Variables: { WS_EGRESS_ADDRESSES: "203.0.113.7" } },
    });
    given.hasOutput("EgressAddresses", { Value: "203.0.113.7" });
  });

  test("is entered by nobody: no security group takes anything in", () => {
    const groups = resourcesOf(app, "AWS::EC2::SecurityGroup");

    expect(groups).not.toHaveLength(0);
    for (const { properties } of groups) expect(properties["SecurityGroupIngress"]).toBeUndefined();
    app.resourceCountIs("AWS::EC2::SecurityGroupIngress", 0);
    app.resourceCountIs("Custom::VpcRestrictDefaultSG", 1);
  });

  test("lets a writer out to the ports of its warehouses only", () => {
    app.hasResourceProperties("AWS::EC2::SecurityGroup", {
      GroupName: "warehouse-sync-writer-postgres",
      SecurityGroupEgress: [Match.objectLike({ CidrIp: "0.0.0.0/0", FromPort: 1, ToPort: 65_535, IpProtocol: "tcp" })],
    });
    for (const { properties } of resourcesOf(app, "AWS::EC2::SecurityGroup"))
      for (const rule of properties["SecurityGroupEgress"] as { IpProtocol: string }[])
        expect(rule.IpProtocol).toBe("tcp");
  });

  test("reaches bucket and table without passing the NAT gateway", () => {
    const services = resourcesOf(app, "AWS::EC2::VPCEndpoint").map(({ properties }) => JSON.stringify(properties));

    expect(services).toHaveLength(2);
    expect(services.some((text) => text.includes(".s3"))).toBe(true);
    expect(services.some((text) => text.includes(".dynamodb"))).toBe(true);
    for (const text of services) expect(text).toContain('"VpcEndpointType":"Gateway"');
  });

  test("keeps its flow logs encrypted, for as long as the options say", () => {
    app.hasResourceProperties("AWS::EC2::FlowLog", { TrafficType: "ALL", LogDestinationType: "cloud-watch-logs" });
    app.hasResourceProperties("AWS::Logs::LogGroup", {
      LogGroupName: "/aws/vendedlogs/warehouse-sync/network",
      RetentionInDays: 30,
      KmsKeyId: Match.anyValue(),
    });
  });
});

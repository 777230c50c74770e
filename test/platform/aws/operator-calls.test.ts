import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { expect, test } from "vitest";
import { awsClient } from "../../../lib/platform/aws/clients.ts";
import { stackOutputs } from "../../../lib/platform/aws/stack-outputs.ts";
import { testOptions } from "../../support/aws/client.ts";
import { serveLoopback, textOf } from "../../support/aws/loopback.ts";

const output = (key: string, value: string) =>
  `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`;

/** CloudFormation with one stack, `MyApp`. */
async function cloudFormationBed() {
  const server = await serveLoopback(async (request, response) => {
    const form = new URLSearchParams(await textOf(request));
    response.setHeader("content-type", "text/xml");
    if (form.get("StackName") !== "MyApp") {
      const code = form.get("StackName") === "Busy" ? "AccessDenied" : "ValidationError";
      const message = `Stack with id ${form.get("StackName")} does not exist`;
      const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
      response.writeHead(400).end(`<ErrorResponse>${error}</ErrorResponse>`);
      return;
    }
    const outputs = `<Outputs>${output("ApiAddress", "https://api")}${output("Table", "t")}</Outputs>`;
    const facts = "<StackName>MyApp</StackName><CreationTime>2026-11-24T00:00:00Z</CreationTime>";
    const stack = `<member>${facts}<StackStatus>UPDATE_COMPLETE</StackStatus>${outputs}</member>`;
    const result = `<DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult>`;
    response.end(`<DescribeStacksResponse>${result}</DescribeStacksResponse>`);
  });
  const client = awsClient(CloudFormationClient, testOptions(server));
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("a stack's outputs are read by name", async () => {
  await using bed = await cloudFormationBed();

  expect(await stackOutputs(bed.client, "MyApp")).toEqual({ ApiAddress: "https://api", Table: "t" });
});

test("a stack that is not there has no outputs, and a refusal is one", async () => {
  await using bed = await cloudFormationBed();

  expect(await stackOutputs(bed.client, "NoApp")).toBeUndefined();
  await expect(stackOutputs(bed.client, "Busy")).rejects.toMatchObject({ name: "AccessDenied" });
});

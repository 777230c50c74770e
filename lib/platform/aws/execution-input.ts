import { DescribeExecutionCommand, type SFNClient } from "@aws-sdk/client-sfn";

/** What an execution was started with. Throws the SDK's `ExecutionDoesNotExist` where it is not known, and needs the key of its machine. */
export async function executionInput(client: Pick<SFNClient, "send">, executionArn: string): Promise<unknown> {
  const { input = "null" } = await client.send(new DescribeExecutionCommand({ executionArn }));
  return JSON.parse(input) as unknown;
}

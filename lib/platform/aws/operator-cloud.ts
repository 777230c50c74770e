import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { awsClient } from "./clients.ts";
import { copyTable } from "./copy-table.ts";
import { deleteSecrets } from "./delete-secrets.ts";
import { emptyBucket } from "./empty-bucket.ts";
import { functionAnswerMsMax, invokeFunction } from "./invoke.ts";
import { stackOutputs } from "./stack-outputs.ts";

/** AWS for the operator's commands, with the operator's own credentials: profile and region as the environment says. */
export function operatorCloud() {
  return {
    region: async (): Promise<string | undefined> => {
      const client = awsClient(STSClient);
      try {
        return await client.config.region();
      } catch {
        // The SDK throws where no place names one.
        return undefined;
      }
    },
    identity: async (signal: AbortSignal) => {
      const answer = await awsClient(STSClient).send(new GetCallerIdentityCommand(), { abortSignal: signal });
      return { account: answer.Account ?? "", arn: answer.Arn ?? "" };
    },
    outputs: async (stackName: string) => stackOutputs(awsClient(CloudFormationClient), stackName),
    invoke: async (functionName: string, payload: unknown, signal: AbortSignal) =>
      invokeFunction(awsClient(LambdaClient, { answerMsMax: functionAnswerMsMax }), functionName, payload, signal),
    emptyBucket: async (bucket: string, signal: AbortSignal) => emptyBucket(awsClient(S3Client), bucket, signal),
    deleteSecrets: async (prefix: string, signal: AbortSignal) =>
      deleteSecrets(awsClient(SecretsManagerClient), prefix, signal),
    copyTable: async (from: { readonly name: string; readonly region: string }, to: string, signal: AbortSignal) =>
      copyTable(
        { client: awsClient(DynamoDBClient, { region: from.region }), name: from.name },
        { client: awsClient(DynamoDBClient), name: to },
        signal,
      ),
  };
}

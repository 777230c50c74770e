import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import { DeleteSecretCommand, ListSecretsCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { awsClient } from "./clients.ts";
import { copyTable } from "./copy-table.ts";
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

/** Deletes page by page; what arrives meanwhile is met by the next page. A bucket that is not there counts as empty. */
async function emptyBucket(client: S3Client, bucket: string, signal: AbortSignal): Promise<number> {
  const options = { abortSignal: signal };
  let count = 0;
  for (;;) {
    const page = await client
      .send(new ListObjectVersionsCommand({ Bucket: bucket }), options)
      .catch((error: unknown) => {
        if (error instanceof Error && error.name === "NoSuchBucket") return { Versions: [], DeleteMarkers: [] };
        throw error;
      });
    const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    if (found.length === 0) return count;
    const Objects = found.map(({ Key = "", VersionId }) => ({ Key, ...(VersionId ? { VersionId } : {}) }));
    const answer = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
      options,
    );
    const [refused] = answer.Errors ?? [];
    if (refused !== undefined) throw new Error(`${bucket}/${refused.Key} cannot be deleted: ${refused.Message}`);
    count += Objects.length;
  }
}

async function deleteSecrets(client: SecretsManagerClient, prefix: string, signal: AbortSignal): Promise<number> {
  const options = { abortSignal: signal };
  let count = 0;
  for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
    const Filters = [{ Key: "name" as const, Values: [prefix] }];
    const list = new ListSecretsCommand({ Filters, MaxResults: 100, ...(token ? { NextToken: token } : {}) });
    const page = await client.send(list, options);
    // The filter matches words anywhere in the name, in any case.
    for (const { Name = "" } of page.SecretList ?? []) {
      if (!Name.startsWith(prefix)) continue;
      await client.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }), options);
      count += 1;
    }
    token = page.NextToken;
  }
  return count;
}

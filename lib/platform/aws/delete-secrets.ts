import { DeleteSecretCommand, ListSecretsCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

/** Deletes for good, without a window of recovery, the secrets whose names begin with `prefix`; answers how many. */
export async function deleteSecrets(
  client: SecretsManagerClient,
  prefix: string,
  signal: AbortSignal,
): Promise<number> {
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

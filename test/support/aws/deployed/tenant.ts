import { type Client, openClient } from "../../../../lib/http/client.ts";
import type { Routes } from "../../../../lib/http/routes.ts";
import { newKeyPair } from "../../../../lib/platform/embedded/sftp/new-key-pair.ts";
import type { DeployedInstallation } from "./deployed-installation.ts";
import { SftpClient } from "./sftp-client.ts";

/** Somebody who may open accounts. */
export interface Operator {
  readonly api: Client<Routes>;
  readonly token: string;
}

/** An account with one user, as an operator and a client make it by the API. */
export interface Tenant {
  readonly accountId: string;
  readonly userId: string;
  readonly username: string;
  readonly api: Client<Routes>;
  readonly sftp: SftpClient;
  /** Texts that may show nowhere. */
  readonly secrets: readonly string[];
}

/** The first token, as the operator's own IAM identity gets it. */
export async function openOperator({ host, name, url }: DeployedInstallation): Promise<Operator> {
  const { text } = (await host.invoke(`${name}-issue-operator-token`, {})) as { readonly text: string };
  return { token: text, api: openClient<Routes>({ url, token: text }) };
}

/** Opens an account with a user who has a key, and a token of the account. */
export async function openTenant(
  installation: DeployedInstallation,
  operator: Operator,
  sftpUsername: string,
): Promise<Tenant> {
  const { id: accountId } = await operator.api.call("POST /accounts", { body: { name: `Shop of ${sftpUsername}` } });
  const params = { accountId };
  const body = { name: sftpUsername, sftpUsername };
  const user = await operator.api.call("POST /accounts/{accountId}/users", { params, body });
  const { text: token } = await operator.api.call("POST /accounts/{accountId}/tokens", { params, body: {} });
  const api = openClient<Routes>({ url: installation.url, token });
  const { privateKey, publicKey } = newKeyPair();
  await api.call("POST /users/{userId}/keys", { params: { userId: user.id }, body: { title: "laptop", publicKey } });
  return {
    ...{ accountId, api, userId: user.id, username: sftpUsername },
    sftp: new SftpClient(installation, sftpUsername),
    secrets: [token, privateKey.split("\n")[1] ?? ""],
  };
}

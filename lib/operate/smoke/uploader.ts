import type { Client } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { openSftp, type SftpLogin, type SftpSession } from "../../local/demo/sftp-upload.ts";
import { newKeyPair } from "../../platform/embedded/sftp/new-key-pair.ts";
import { openPatientClient } from "./patient-client.ts";
import { SmokeFailed } from "./smoke-story.ts";
import { pause } from "./wait.ts";

/** An account made for this test alone. */
export interface SmokeTenant {
  readonly accountId: string;
  readonly api: Client<Routes>;
  /** The same rights, not bound to the test's signal: for clearing up after an interruption. */
  readonly afterwards: Client<Routes>;
  readonly user: { readonly id: string; readonly sftpUsername: string };
}

/** Adds a user and a token to an account. */
export async function openTenant(
  url: string,
  operator: Client<Routes>,
  accountId: string,
  signal: AbortSignal,
): Promise<SmokeTenant> {
  const params = { accountId };
  const user = await operator.call("POST /accounts/{accountId}/users", { params, body: { name: "Smoke test" } });
  // A token that ends by itself, should nobody be left to clear up.
  const { text: token } = await operator.call("POST /accounts/{accountId}/tokens", { params, body: { daysValid: 1 } });
  const [api, afterwards] = [openPatientClient({ url, token, signal }), openPatientClient({ url, token })];
  return { accountId, api, afterwards, user };
}

/** Adds a fresh key to the tenant's user. */
export async function addFreshKey({ api, user }: SmokeTenant): Promise<{ privateKey: string }> {
  const { privateKey, publicKey } = newKeyPair("smoke");
  await api.call("POST /users/{userId}/keys", { params: { userId: user.id }, body: { title: "smoke", publicKey } });
  return { privateKey };
}

/** A managed endpoint learns of a new key a little after it was told. */
const keyPatienceMs = 60_000;

/** Logs in; while the endpoint does not know the key yet, again and again for a minute. */
export async function logIn(login: SftpLogin, pollMs: number, signal: AbortSignal): Promise<SftpSession> {
  const startedAt = performance.now();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await openSftp(login);
    } catch (error) {
      const isRefused = (error as { level?: unknown }).level === "client-authentication";
      if (isRefused && performance.now() - startedAt < keyPatienceMs) {
        await pause(pollMs, signal);
        continue;
      }
      throw loginFailed(login, error);
    }
  }
}

function loginFailed({ host, port, username, hostKeyFingerprint }: SftpLogin, error: unknown): SmokeFailed {
  const reason = error instanceof Error ? error.message : String(error);
  const isOtherHost = /host denied/i.test(reason);
  const message = isOtherHost
    ? `the host key of ${host}:${port} is not the one that the API tells (${hostKeyFingerprint}): somebody may stand between, or WS_SFTP_HOST_KEY_FINGERPRINT is out of date`
    : `${username} cannot log in at ${host}:${port}: ${reason}`;
  return new SmokeFailed(message, { cause: error });
}

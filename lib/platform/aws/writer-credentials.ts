import { AssumeRoleCommand, type STSClient } from "@aws-sdk/client-sts";
import type { Clock } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountId } from "../../model/ids.ts";
import { minuteMs } from "../../model/time.ts";
import type { CredentialsProvider } from "./clients.ts";
import { writerTags } from "./writer-scope.ts";

interface WriterCredentialsOptions {
  readonly client: STSClient;
  readonly roleArn: string;
  readonly clock: Pick<Clock, "now">;
}

/** What a role taken on from another role may last: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html */
const sessionSeconds = 3_600;
/** A session is given up so long before its end, so that no step starts on its last moments. */
const restMs = 5 * minuteMs;

type Session = Awaited<ReturnType<CredentialsProvider>>;

/** The keys with which a writer works for one account, and for no other. All clients of the account share one session. */
export function writerCredentials(
  { client, roleArn, clock }: WriterCredentialsOptions,
  accountId: AccountId,
): CredentialsProvider {
  let current: Promise<Session> | undefined;
  return () => {
    const earlier = current;
    // Whoever asks meanwhile waits for the same answer.
    current = (async () => {
      const session = await earlier?.catch(() => undefined);
      const isFresh = session?.expiration !== undefined && session.expiration.getTime() - clock.now() > restMs;
      return isFresh ? session : assume(client, roleArn, accountId);
    })();
    return current;
  };
}

/** A session of the same for somebody else: `policy` leaves less of it, and nobody takes it on again. */
export function narrowedSession(
  { client, roleArn }: Pick<WriterCredentialsOptions, "client" | "roleArn">,
  accountId: AccountId,
  policy: string,
): Promise<Session> {
  return assume(client, roleArn, accountId, policy);
}

async function assume(client: STSClient, roleArn: string, accountId: AccountId, policy?: string): Promise<Session> {
  const tags = Object.entries(writerTags(accountId)).map(([Key, Value]) => ({ Key, Value }));
  const { Credentials } = await client.send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: `writer-${accountId}`,
      DurationSeconds: sessionSeconds,
      Tags: tags,
      ...(policy === undefined ? {} : { Policy: policy }),
    }),
  );
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
  if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined || !Expiration)
    throw new SyncError("INVARIANT_BROKEN", { message: "STS answered without credentials" });
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}

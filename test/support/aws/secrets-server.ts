import { AwsFault, type AwsServer, startJsonServer } from "./json-server.ts";

interface StoredSecret {
  value: string;
  readonly kmsKeyId: unknown;
  /** Of its versions, newest last. */
  readonly tokens: string[];
  isScheduled: boolean;
}

export interface SecretsServer extends AwsServer {
  /** By name; what was deleted by force is gone. */
  readonly secrets: ReadonlyMap<string, Readonly<StoredSecret>>;
  /** Takes a name as if its secret had been deleted a moment ago; answers how to end that moment. */
  holdName(name: string): () => void;
}

type Input = Readonly<Record<string, unknown>>;

/** A Secrets Manager on loopback: names, versions by token, and secrets scheduled for deletion. */
export async function startSecrets(): Promise<SecretsServer> {
  const secrets = new Map<string, StoredSecret>();
  const held = new Set<string>();
  const found = (input: Input): StoredSecret => {
    const secret = secrets.get(String(input["SecretId"]));
    if (secret === undefined) throw new AwsFault("ResourceNotFoundException", "can't find the specified secret");
    return secret;
  };
  const readable = (input: Input): StoredSecret => {
    const secret = found(input);
    if (secret.isScheduled) throw new AwsFault("InvalidRequestException", "the secret was marked for deletion");
    return secret;
  };
  const server = await startJsonServer("1.1", {
    CreateSecret: (input) => {
      const [name, token] = [String(input["Name"]), String(input["ClientRequestToken"])];
      const existing = secrets.get(name);
      if (held.has(name) || existing?.isScheduled) {
        throw new AwsFault("InvalidRequestException", "a secret of this name is already scheduled for deletion");
      }
      const isRepeat = existing?.tokens.at(0) === token && existing.value === input["SecretString"];
      if (existing !== undefined && !isRepeat) throw new AwsFault("ResourceExistsException");
      const value = String(input["SecretString"]);
      if (!isRepeat) secrets.set(name, { value, kmsKeyId: input["KmsKeyId"], tokens: [token], isScheduled: false });
      return { Name: name, VersionId: token };
    },
    PutSecretValue: (input) => {
      const secret = readable(input);
      const token = String(input["ClientRequestToken"]);
      const isRepeat = secret.tokens.includes(token);
      if (isRepeat && secret.value !== input["SecretString"]) throw new AwsFault("ResourceExistsException");
      if (!isRepeat) secret.tokens.push(token);
      secret.value = String(input["SecretString"]);
      return { VersionId: token };
    },
    GetSecretValue: (input) => ({ SecretString: readable(input).value }),
    DeleteSecret: (input) => {
      const name = String(input["SecretId"]);
      if (input["ForceDeleteWithoutRecovery"] === true) secrets.delete(name);
      else found(input).isScheduled = true;
      return { Name: name };
    },
    RestoreSecret: (input) => {
      found(input).isScheduled = false;
      return {};
    },
  });
  return {
    ...server,
    secrets,
    holdName: (name) => {
      held.add(name);
      return () => void held.delete(name);
    },
  };
}

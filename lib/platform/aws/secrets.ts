import { randomUUID } from "node:crypto";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { Clock, Secrets } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";
import { asStoreError, nameOf, retrying } from "./retry.ts";

export interface SecretsOptions {
  readonly client: SecretsManagerClient;
  /** Names begin with it: `<name>/`. */
  readonly prefix: string;
  readonly kmsKeyArn: string;
  readonly clock: Pick<Clock, "sleep">;
  /** For the jitter between tries. @default Math.random */
  readonly fraction?: () => number;
}

/** Limits and characters: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html */
const valueBytesMax = 65_536;
const namePattern = /^[A-Za-z0-9/_+=.@-]{1,512}$/;

/** A deleted secret's name stays taken for a moment: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html */
const nameTries = {
  triesMax: 8,
  firstDelayMsMax: 200,
  delayMsMax: 3_000,
  isWorthIt: (error: unknown) => nameOf(error) === "InvalidRequestException",
};

/** Secrets in Secrets Manager, each under a name of its own. A deleted one is gone at once, without a window to recover it. */
export function openSecrets(options: SecretsOptions): Secrets {
  return new ManagedSecrets(options);
}

class ManagedSecrets implements Secrets {
  readonly #options: SecretsOptions;

  constructor(options: SecretsOptions) {
    this.#options = options;
  }

  async put(ref: string, value: string): Promise<void> {
    const bytes = Buffer.byteLength(value);
    if (bytes > valueBytesMax) throw new RangeError(`a secret has at most ${valueBytesMax} bytes, not ${bytes}`);
    const secretId = this.#name(ref);
    // One token for all tries: a try whose answer got lost is then the same secret or version, and no conflict.
    const token = randomUUID();
    await this.#translating(() => retrying(this.#options, nameTries, () => this.#write(secretId, value, token)));
  }

  async get(ref: string): Promise<string> {
    const command = new GetSecretValueCommand({ SecretId: this.#name(ref) });
    return this.#translating(async () => {
      try {
        const { SecretString } = await this.#options.client.send(command);
        if (SecretString === undefined) throw new SyncError("SECRET_UNAVAILABLE");
        return SecretString;
      } catch (error) {
        if (!unreadable.has(nameOf(error))) throw error;
        throw new SyncError("SECRET_UNAVAILABLE", { vendorCode: nameOf(error), cause: error });
      }
    });
  }

  async delete(ref: string): Promise<void> {
    const command = new DeleteSecretCommand({ SecretId: this.#name(ref), ForceDeleteWithoutRecovery: true });
    await this.#translating(async () => {
      try {
        await this.#options.client.send(command);
      } catch (error) {
        if (nameOf(error) !== "ResourceNotFoundException") throw error;
      }
    });
  }

  async #write(secretId: string, value: string, token: string): Promise<void> {
    const { client, kmsKeyArn } = this.#options;
    const content = { SecretString: value, ClientRequestToken: token };
    try {
      await client.send(new CreateSecretCommand({ Name: secretId, KmsKeyId: kmsKeyArn, ...content }));
    } catch (error) {
      if (nameOf(error) !== "ResourceExistsException") throw error;
      await client.send(new PutSecretValueCommand({ SecretId: secretId, ...content }));
    }
  }

  #name(ref: string): string {
    const name = `${this.#options.prefix}${ref}`;
    if (!namePattern.test(name)) throw new RangeError(`${JSON.stringify(name)} is no name for a secret`);
    return name;
  }

  async #translating<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asStoreError(error, "Secrets Manager");
    }
  }
}

/** Errors that stay: the secret is not there, is about to go, or its key is. */
const unreadable = new Set(["ResourceNotFoundException", "InvalidRequestException", "DecryptionFailure"]);

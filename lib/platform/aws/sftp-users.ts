import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import {
  CreateUserCommand,
  DeleteSshPublicKeyCommand,
  DeleteUserCommand,
  type DescribedUser,
  DescribeUserCommand,
  ImportSshPublicKeyCommand,
  type SshPublicKey,
  type TransferClient,
  UpdateUserCommand,
} from "@aws-sdk/client-transfer";
import type { SftpUsers } from "../../flows/ports.ts";
import type { SshKey, User } from "../../model/account.ts";
import { SyncError } from "../../model/errors.ts";
import { homeMappings, type SftpPlaces, sessionPolicy, userFolders } from "./sftp-session.ts";

export interface SftpUsersOptions extends SftpPlaces {
  readonly client: TransferClient;
  readonly s3: S3Client;
  readonly serverId: string;
}

/**
 * `SftpUsers` as service-managed users of Transfer Family, each confined to three folders of its own. Sessions that are
 * open when a key or a user goes live on until they end: Transfer Family offers no way to end one.
 */
export function transferUsers(options: SftpUsersOptions): SftpUsers {
  const { client, serverId } = options;
  const named = (user: User) => ({ ServerId: serverId, UserName: user.sftpUsername });
  return {
    createUser: (user) => createUser(options, user),
    addKey: async (user, key) => {
      refuseSecurityKey(key);
      // A user may be older than the endpoint.
      const own = await keysOf(options, user);
      if (own === undefined) await createUser(options, user);
      if (own?.some((other) => isSame(other, key))) return;
      const command = new ImportSshPublicKeyCommand({ ...named(user), SshPublicKeyBody: key.publicKey });
      await unless("ResourceExistsException", client.send(command)).catch((error: unknown) => {
        throw isNamed(error, "InvalidRequestException") ? refusedKey(error) : error;
      });
    },
    removeKey: async (user, key) => {
      for (const own of (await keysOf(options, user)) ?? []) {
        if (!isSame(own, key)) continue;
        const command = new DeleteSshPublicKeyCommand({ ...named(user), SshPublicKeyId: own.SshPublicKeyId });
        await unless("ResourceNotFoundException", client.send(command));
      }
    },
    removeUser: async (user) => {
      await unless("ResourceNotFoundException", client.send(new DeleteUserCommand(named(user))));
    },
  };
}

/** Makes the user, or brings it to what this version of the product gives to its users. One of that name who is somebody else goes first, keys and all. */
async function createUser(options: SftpUsersOptions, user: User): Promise<void> {
  const { client, bucket, roleArn, serverId } = options;
  await makeFolders(options, user);
  const about = {
    ServerId: serverId,
    UserName: user.sftpUsername,
    Role: roleArn,
    HomeDirectoryType: "LOGICAL",
    HomeDirectoryMappings: homeMappings(bucket, user),
    Policy: sessionPolicy(options, user),
  } as const;
  const creation = new CreateUserCommand({ ...about, Tags: tagsOf(user) });
  try {
    await client.send(creation);
    return;
  } catch (error) {
    if (!isNamed(error, "ResourceExistsException")) throw error;
  }
  const found = await describe(options, user);
  if (found !== undefined && tagsOf(user).every((tag) => hasTag(found, tag))) {
    await client.send(new UpdateUserCommand(about));
    return;
  }
  // Left by an installation that was here before, or made by hand: its keys are not this user's.
  const deletion = new DeleteUserCommand({ ServerId: serverId, UserName: user.sftpUsername });
  await unless("ResourceNotFoundException", client.send(deletion));
  await client.send(creation);
}

function tagsOf(user: User): { Key: string; Value: string }[] {
  return [
    { Key: "account", Value: user.accountId },
    { Key: "user", Value: user.id },
  ];
}

function hasTag(found: DescribedUser, tag: { Key: string; Value: string }): boolean {
  return found.Tags?.some(({ Key, Value }) => Key === tag.Key && Value === tag.Value) === true;
}

/** A folder without an object behind it would not be shown: https://docs.aws.amazon.com/transfer/latest/userguide/logical-dir-mappings.html */
async function makeFolders({ s3, bucket }: SftpUsersOptions, user: User): Promise<void> {
  for (const prefix of Object.values(userFolders(user))) {
    const command = new PutObjectCommand({ Bucket: bucket, Key: prefix, Body: new Uint8Array(), IfNoneMatch: "*" });
    await unless("PreconditionFailed", s3.send(command));
  }
}

/** Undefined where there is no such user. */
async function describe({ client, serverId }: SftpUsersOptions, user: User): Promise<DescribedUser | undefined> {
  const command = new DescribeUserCommand({ ServerId: serverId, UserName: user.sftpUsername });
  return (await unless("ResourceNotFoundException", client.send(command)))?.User;
}

/** The user's keys; undefined where there is no such user. */
async function keysOf(options: SftpUsersOptions, user: User): Promise<SshPublicKey[] | undefined> {
  const found = await describe(options, user);
  return found && (found.SshPublicKeys ?? []);
}

/** The comment behind a key does not count. */
function isSame(own: SshPublicKey, key: SshKey): boolean {
  const bare = (text: string | undefined) => text?.trim().split(/\s+/).slice(0, 2).join(" ");
  return bare(own.SshPublicKeyBody) === bare(key.publicKey);
}

/** https://docs.aws.amazon.com/transfer/latest/userguide/key-management.html */
function refuseSecurityKey(key: SshKey): void {
  if (!key.publicKey.startsWith("sk-")) return;
  throw new SyncError("KEY_UNSUPPORTED", { message: "AWS Transfer Family takes no keys of security devices (sk-…)." });
}

function refusedKey(error: Error): SyncError {
  return new SyncError("KEY_UNSUPPORTED", {
    message: "AWS Transfer Family does not take this key.",
    externalMessage: error.message,
    cause: error,
  });
}

/** The answer, or undefined where the call failed for that one reason. */
async function unless<T>(name: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNamed(error, name)) return undefined;
    throw error;
  }
}

function isNamed(error: unknown, name: string): error is Error {
  return error instanceof Error && error.name === name;
}

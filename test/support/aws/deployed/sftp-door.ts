import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { SftpPrincipal } from "../../../../lib/flows/accounts/sftp-login.ts";
import type { AccountId, KeyId, UserId } from "../../../../lib/model/ids.ts";
import type { Instant } from "../../../../lib/model/time.ts";
import { openFiles } from "../../../../lib/platform/aws/files.ts";
import { OpenConnections } from "../../../../lib/platform/embedded/sftp/connections.ts";
import { startSftpServer } from "../../../../lib/platform/embedded/sftp/sftp-server.ts";
import { systemClock } from "../../../../lib/platform/system-clock.ts";
import { tempFolder } from "../../temp-folder.ts";
import { uploadCompleted } from "../events.ts";
import type { DeployedInstallation } from "./deployed-installation.ts";
import { keyOfOperator } from "./principals.ts";

/** An endpoint that lets in whom Transfer Family knows, stores in the bucket, and tells of uploads as Transfer Family does. */
export async function openSftpDoor({ stores, clientOf, bus }: DeployedInstallation) {
  const folder = tempFolder();
  const path = (name: string) => {
    const made = join(folder.path, name);
    mkdirSync(made);
    return made;
  };
  const options = { client: clientOf(keyOfOperator), bucket: stores.bucketName, clock: systemClock };
  const server = await startSftpServer({
    ...{ port: 0, clock: systemClock, log: () => {}, connections: new OpenConnections() },
    hostKeyPath: join(folder.path, "host-key"),
    scratchFolder: path("uploads"),
    files: openFiles({ ...options, scratchFolder: path("files") }),
    find: async (username, keyBase64) => principalOf(stores.transfer.users, username, keyBase64),
    onUpload: async ({ key, bytes }) => bus.put(JSON.parse(uploadCompleted(stores.bucketName, key, bytes)) as object),
    withdraw: async () => false,
  });
  return {
    port: server.port,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      folder[Symbol.dispose]();
    },
  };
}

type Users = DeployedInstallation["stores"]["transfer"]["users"];

function principalOf(users: Users, sftpUsername: string, keyBase64: string): SftpPrincipal | undefined {
  const found = users.get(sftpUsername);
  const held = found?.keys.find(({ SshPublicKeyBody }) => SshPublicKeyBody.split(" ")[1] === keyBase64);
  if (found === undefined || held === undefined) return undefined;
  const tags = new Map(found.tags.map(({ Key, Value }) => [Key, Value]));
  const [createdAt, id] = [0 as Instant, tags.get("user") as UserId];
  const user = { id, accountId: tags.get("account") as AccountId, name: sftpUsername, sftpUsername, createdAt };
  const [publicKey, keyId] = [held.SshPublicKeyBody, held.SshPublicKeyId as KeyId];
  return { user, key: { id: keyId, userId: id, title: "", publicKey, fingerprint: "", createdAt } };
}

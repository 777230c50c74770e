import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import ssh2, { type Client, type ConnectConfig, type SFTPWrapper } from "ssh2";
import { sftpLogin } from "../../lib/flows/accounts/sftp-login.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import type { Files } from "../../lib/flows/ports.ts";
import type { User } from "../../lib/model/account.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { OpenConnections } from "../../lib/platform/embedded/sftp/connections.ts";
import type { KeyPair } from "../../lib/platform/embedded/sftp/new-key-pair.ts";
import {
  type SftpServer,
  type SftpServerOptions,
  startSftpServer,
} from "../../lib/platform/embedded/sftp/sftp-server.ts";
import { embeddedSftpUsers } from "../../lib/platform/embedded/sftp/sftp-users.ts";
import type { Upload } from "../../lib/platform/embedded/sftp/uploads.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { type AccountRig, accountRig, anySignal, letIn, someUser } from "./account-rig.ts";
import { makeKey } from "./ssh-keys.ts";

/** The endpoint on loopback, with one user who has a key. */
export interface SftpRig extends AsyncDisposable {
  readonly rig: AccountRig;
  readonly deps: Deps;
  readonly files: Files;
  readonly server: SftpServer;
  readonly user: User;
  readonly key: KeyPair;
  /** What was announced, in order. */
  readonly uploads: Upload[];
  /** Keys of `inbox/` that an import has claimed: they can neither be renamed nor removed. */
  readonly claimed: Set<string>;
  /** Path (as the user sees it) and text of everything that an import could take. */
  inbox(): Promise<Record<string, string>>;
  /** Ends the endpoint and opens it again over the same state. */
  restart(options?: Partial<SftpServerOptions>): Promise<void>;
}

export async function sftpRig(options: Partial<SftpServerOptions> = {}): Promise<SftpRig> {
  const connections = new OpenConnections();
  const rig = accountRig({ sftpUsers: embeddedSftpUsers(connections) });
  const files = openFiles(join(rig.folder, "files"), { clock: systemClock });
  const [user, key] = [await someUser(rig.deps), makeKey("ed25519")];
  await letIn(rig.deps, user, key.publicKey);
  const [uploads, claimed]: [Upload[], Set<string>] = [[], new Set()];
  const start = (changes: Partial<SftpServerOptions>) =>
    startSftpServer({
      port: 0,
      hostKeyPath: join(rig.folder, "keys", "host-key"),
      find: (username, keyBase64) => sftpLogin(rig.deps, { username, keyBase64 }, anySignal),
      connections,
      files,
      scratchFolder: join(rig.folder, "scratch"),
      onUpload: async (upload) => void uploads.push(upload),
      withdraw: async (upload) => !claimed.has(upload.key),
      clock: systemClock,
      log: rig.deps.log,
      ...options,
      ...changes,
    });
  let server = await start({});
  return {
    rig,
    deps: rig.deps,
    files,
    get server() {
      return server;
    },
    user,
    key,
    uploads,
    claimed,
    inbox: async () => textsIn(files, `inbox/${user.accountId}/${user.id}`),
    restart: async (changes = {}) => {
      await server.close();
      server = await start(changes);
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      rig[Symbol.dispose]();
    },
  };
}

async function textsIn(files: Files, prefix: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const { key } of await files.list(`${prefix}/`)) {
    texts[key.slice(prefix.length)] = new TextDecoder().decode(await files.get(key));
  }
  return texts;
}

/** A session of ssh2's own client, with its calls as promises. Rejections carry SFTP's status as `code`. */
export interface Session extends Disposable {
  readonly client: Client;
  readonly sftp: SFTPWrapper;
  readonly socket: Socket;
  /** Resolves when the connection is over. */
  readonly ended: Promise<void>;
  put(path: string, text: string | Buffer): Promise<void>;
  get(path: string): Promise<string>;
  list(path: string): Promise<string[]>;
  call<T = void>(run: (sftp: SFTPWrapper, done: (error?: Error | null, answer?: T) => void) => void): Promise<T>;
}

/** Logs in as the user of the rig, or as `login` says. */
export async function connect(rig: SftpRig, login: Partial<ConnectConfig> = {}): Promise<Session> {
  const client = new ssh2.Client();
  const socket = createConnection({ host: "127.0.0.1", port: rig.server.port, noDelay: true });
  const ended = new Promise<void>((resolve) => client.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    client
      .once("ready", resolve)
      .on("error", reject)
      .once("close", () => reject(new Error("closed")));
    client.connect({
      sock: socket,
      username: rig.user.sftpUsername,
      privateKey: rig.key.privateKey,
      ...login,
    });
  });
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) =>
    client.sftp((error, channel) => (error === undefined ? resolve(channel) : reject(error))),
  );
  const lost = ended.then(() => Promise.reject(new Error("the connection ended")));
  lost.catch(() => undefined);
  const call: Session["call"] = (run) => {
    const answered = new Promise<never>((resolve, reject) =>
      run(sftp, (error, answer) => (error ? reject(error) : resolve(answer as never))),
    );
    return Promise.race([answered, lost]);
  };
  return {
    client,
    sftp,
    socket,
    ended,
    call,
    put: async (path, text) => call((to, done) => to.writeFile(path, text, done)),
    get: async (path) =>
      String(await call<Buffer>((from, done) => from.readFile(path, (error, data) => done(error, data)))),
    list: async (path) => {
      const entries = await call<{ filename: string }[]>((from, done) =>
        from.readdir(path, (error, found) => done(error, found)),
      );
      return entries.map((entry) => entry.filename).sort();
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

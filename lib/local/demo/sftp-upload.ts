import { createHash } from "node:crypto";
import { Client, type SFTPWrapper } from "ssh2";

export interface SftpLogin {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly privateKey: string;
  /** `SHA256:…`; another host key ends the connection. Empty takes any, for endpoints of which nobody tells it. */
  readonly hostKeyFingerprint: string;
}

/** An SFTP session as any uploader's client opens it. `await using` closes it. */
export interface SftpSession extends AsyncDisposable {
  /** What the server showed. */
  readonly hostKeyFingerprint: string;
  put(path: string, bytes: Uint8Array): Promise<void>;
  list(folder: string): Promise<readonly string[]>;
  get(path: string): Promise<Uint8Array>;
}

/** Logs in with a key. */
export async function openSftp(login: SftpLogin): Promise<SftpSession> {
  const client = new Client();
  let shown = "";
  await new Promise<void>((resolve, reject) => {
    client.once("ready", resolve).once("error", reject);
    client.connect({
      ...login,
      readyTimeout: 10_000,
      hostVerifier: (key: Buffer) => {
        shown = fingerprintOf(key);
        return login.hostKeyFingerprint === "" || shown === login.hostKeyFingerprint;
      },
    });
  });
  client.on("error", () => client.destroy());
  // Each write waits for its answer: with Nagle's algorithm that is 40 ms a piece.
  client.setNoDelay(true);
  const sftp = await promised<SFTPWrapper>((done) => client.sftp(done));
  return {
    hostKeyFingerprint: shown,
    put: async (path, bytes) => {
      await promised<void>((done) => sftp.writeFile(path, Buffer.from(bytes), (error) => done(error)));
    },
    list: async (folder) => {
      const entries = await promised<{ filename: string }[]>((done) => sftp.readdir(folder, done));
      return entries.map((entry) => entry.filename).filter((name) => name !== "." && name !== "..");
    },
    get: async (path) => promised<Buffer>((done) => sftp.readFile(path, done)),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
      client.end();
      await closed;
    },
  };
}

function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replaceAll("=", "")}`;
}

type Done<T> = (error: Error | null | undefined, value?: T) => void;

async function promised<T>(run: (done: Done<T>) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    run((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error)));
  });
}

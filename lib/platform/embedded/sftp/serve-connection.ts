import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import type { SftpPrincipal } from "../../../flows/accounts/sftp-login.ts";
import type { OpenConnections } from "./connections.ts";
import type { SessionDesk } from "./file-requests.ts";
import { type FindPrincipal, guardLogin } from "./guard-login.ts";
import { type Carrier, serveChannel } from "./serve-channel.ts";
import { type MadeFolders, UserTree } from "./user-tree.ts";

export interface ConnectionDesk extends Omit<SessionDesk, "user" | "tree"> {
  readonly find: FindPrincipal;
  readonly connections: OpenConnections;
  readonly made: MadeFolders;
  readonly idleMs: number;
  /** Counts a request that must end before the server may stop. */
  readonly working: () => () => void;
}

/** Bytes that wait for the disk before the client is made to wait, and those at which it goes on. */
const waitingBytesMax = 8 * 1024 * 1024;
const waitingBytesLow = 2 * 1024 * 1024;
const channelsMax = 10;

/** Sees one client from its greeting to its end. Calls `onLogin` once it has shown who it is. */
export function serveConnection(client: Connection, socket: Socket, desk: ConnectionDesk, onLogin: () => void): void {
  const end = (reason: string): void => {
    if (socket.destroyed) return;
    desk.log("sftp.ended", { reason });
    client.end();
    socket.destroy();
  };
  client.on("error", (error: Error) => desk.log("sftp.connection-failed", { message: error.message }));
  guardLogin(client, {
    find: desk.find,
    close: end,
    admit: (principal, keyBase64) => {
      onLogin();
      const leave = admit(client, socket, desk, principal, end);
      // The key may have gone between its look-up and here, when nobody could end this connection yet.
      desk.find(principal.user.sftpUsername, keyBase64).then(
        (still) => still ?? end("the key is gone"),
        () => end("login failed"),
      );
      socket.once("close", leave);
    },
  });
}

function admit(
  client: Connection,
  socket: Socket,
  desk: ConnectionDesk,
  { user, key }: SftpPrincipal,
  end: (reason: string) => void,
): () => void {
  const leave = desk.connections.enter({ userId: user.id, keyId: key.id, end: () => end("the key was removed") });
  if (leave === undefined) {
    end("too many connections of this user");
    return () => {};
  }
  desk.log("sftp.login", { accountId: user.accountId, userId: user.id, fingerprint: key.fingerprint });
  const { carrier, stop } = carrierOf(socket, desk, end);
  const tree = new UserTree(desk.files, user, desk.made.of(user.id));
  let channels = 0;
  client.on("session", (accept, reject) => {
    channels += 1;
    if (channels > channelsMax) return reject();
    // Nothing but SFTP is listened to, so ssh2 refuses shells, commands and forwarding.
    accept().on("sftp", (acceptSftp) => serveChannel(acceptSftp(), { ...desk, user, tree }, desk.made, carrier));
  });
  return () => {
    stop();
    leave();
  };
}

/** Keeps a connection within bounds: ends an idle one, and lets a fast one wait for the disk. */
function carrierOf(
  socket: Socket,
  desk: ConnectionDesk,
  end: (reason: string) => void,
): { carrier: Carrier; stop: () => void } {
  let [running, waitingBytes] = [0, 0];
  const idle = setInterval(() => {
    if (running === 0) end("idle");
  }, desk.idleMs);
  const began = (bytes: number) => {
    idle.refresh();
    running += 1;
    waitingBytes += bytes;
    if (waitingBytes > waitingBytesMax) socket.pause();
    const done = desk.working();
    return () => {
      done();
      running -= 1;
      waitingBytes -= bytes;
      if (waitingBytes <= waitingBytesLow && socket.isPaused()) socket.resume();
    };
  };
  return { carrier: { began, abort: end }, stop: () => clearInterval(idle) };
}

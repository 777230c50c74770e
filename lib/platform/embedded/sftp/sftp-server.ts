import { mkdir, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import ssh2 from "ssh2";
import type { Clock } from "../../../flows/ports.ts";
import { minuteMs, secondMs } from "../../../model/time.ts";
import { algorithms } from "./algorithms.ts";
import type { OpenConnections } from "./connections.ts";
import type { FindPrincipal } from "./guard-login.ts";
import { hostKey } from "./host-key.ts";
import { type ConnectionDesk, serveConnection } from "./serve-connection.ts";
import { finishMoves, type UploadDesk } from "./uploads.ts";
import { MadeFolders } from "./user-tree.ts";

export interface SftpServerOptions extends UploadDesk {
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Made on the first start. */
  readonly hostKeyPath: string;
  readonly find: FindPrincipal;
  readonly connections: OpenConnections;
  /** Half uploads; emptied at the start. On the disk of `files`, so that they need no copying. */
  readonly scratchFolder: string;
  readonly clock: Pick<Clock, "now">;
  /** How long a client may take to log in. @default 20 s */
  readonly loginMs?: number;
  /** How long a client may be silent. @default 10 minutes */
  readonly idleMs?: number;
}

export interface SftpServer {
  readonly port: number;
  /** `SHA256:…` of the host key, as clients show it. */
  readonly fingerprint: string;
  /** `ssh-ed25519 AAAA…`, for a line of `known_hosts`. */
  readonly publicKey: string;
  /** Ends all sessions and waits for the uploads that were being stored. */
  close(): Promise<void>;
}

const connectionsMax = 512;
const connectionsPerAddressMax = 64;

/** Opens the SFTP endpoint: public keys only, one confined tree per user, an upload exists once it is closed. */
export async function startSftpServer(options: SftpServerOptions): Promise<SftpServer> {
  const key = await hostKey(options.hostKeyPath);
  const scratchFolder = join(options.scratchFolder, "sftp-uploads");
  await rm(scratchFolder, { recursive: true, force: true });
  await mkdir(scratchFolder, { recursive: true, mode: 0o700 });
  await finishMoves(options);

  const work = new WorkCount();
  const desk: ConnectionDesk = {
    ...options,
    scratchFolder,
    made: new MadeFolders(),
    idleMs: options.idleMs ?? 10 * minuteMs,
    now: () => options.clock.now(),
    working: () => work.began(),
  };
  const sockets = new Set<Socket>();
  const server = listenerOf(key.privateKey, desk, sockets, options.loginMs ?? 20 * secondMs);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host ?? "127.0.0.1", resolve);
  });
  server.on("error", (error) => options.log("sftp.listener-failed", { message: error.message }));
  return {
    port: (server.address() as AddressInfo).port,
    fingerprint: key.fingerprint,
    publicKey: key.publicKey,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await work.settled();
    },
  };
}

/** Takes the TCP connections itself, so that each can be timed, counted, paused and cut. */
function listenerOf(privateKey: string, desk: ConnectionDesk, sockets: Set<Socket>, loginMs: number): Server {
  const ssh = new ssh2.Server({ hostKeys: [privateKey], algorithms, ident: "WarehouseSync" });
  const byPeer = new Map<string, { readonly socket: Socket; readonly overdue: NodeJS.Timeout }>();
  ssh.on("connection", (client, peer) => {
    const found = byPeer.get(peerName(peer.ip, peer.port));
    if (found === undefined) client.end();
    else serveConnection(client, found.socket, desk, () => clearTimeout(found.overdue));
  });
  const listener = createServer((socket) => {
    const address = socket.remoteAddress;
    if ([...sockets].filter((other) => other.remoteAddress === address).length >= connectionsPerAddressMax) {
      socket.destroy();
      return;
    }
    const name = peerName(address, socket.remotePort);
    sockets.add(socket);
    const overdue = setTimeout(() => socket.destroy(), loginMs);
    byPeer.set(name, { socket, overdue });
    socket.setNoDelay(true);
    socket.once("close", () => {
      clearTimeout(overdue);
      sockets.delete(socket);
      byPeer.delete(name);
    });
    ssh.injectSocket(socket);
  });
  listener.maxConnections = connectionsMax;
  return listener;
}

function peerName(address: string | undefined, port: number | undefined): string {
  return `${address ?? ""}#${port ?? 0}`;
}

/** Requests that are running, over all connections. */
class WorkCount {
  #running = 0;
  #waiters: (() => void)[] = [];

  began(): () => void {
    this.#running += 1;
    return () => {
      this.#running -= 1;
      if (this.#running === 0) for (const wake of this.#waiters.splice(0)) wake();
    };
  }

  async settled(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }
}

import { connect, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { Dial } from "../../lib/destinations/destination.ts";
import { testCertificate, testCertificateKey } from "./tls-certificate.ts";

/** What a proxy does with a piece that the client sent, before it goes on to the server. */
export type Tamper = (piece: Buffer, ends: { readonly client: Socket; readonly server: Socket }) => void;

/** A dialler to the port on this machine, through a proxy of one connection that can cut in. */
export function tamperingDial(tamper: Tamper): Dial {
  return (_host, port, signal) =>
    proxied(signal, (client) => {
      const server = connect({ host: "127.0.0.1", port });
      for (const end of [client, server]) end.on("error", () => undefined);
      client.on("data", (piece) => {
        server.write(piece);
        tamper(piece, { client, server });
      });
      server.pipe(client);
      client.on("close", () => server.destroy());
      server.on("close", () => client.destroy());
    });
}

/** How a line breaks: before the next request is through, in the midst of it, or with its answer on the way. */
export type Break = "request lost" | "request cut" | "answer lost";

export interface BreakingDial {
  readonly dial: Dial;
  /** From now on, whatever goes over the lines there are breaks them; lines dialled later are whole. */
  breakNext(how: Break): void;
  /** Lines broken so far. */
  readonly breaks: number;
}

/** Wraps a dialler so that a test can break all open lines at its next word, whatever protocol they speak. */
export function breakingDial(inner: Dial): BreakingDial {
  const lines = new Set<{ how?: Break }>();
  let breaks = 0;
  const dial: Dial = async (host, port, signal) => {
    const server = await inner(host, port, signal);
    const line: { how?: Break } = {};
    return proxied(signal, (client) => {
      lines.add(line);
      const end = () => {
        lines.delete(line);
        for (const each of [client, server]) each.resetAndDestroy();
      };
      const snap = () => {
        breaks += 1;
        end();
      };
      for (const each of [client, server]) each.on("error", () => undefined).on("close", end);
      client.on("data", (piece) => {
        if (line.how === "request lost") return snap();
        if (line.how !== "request cut") return void server.write(piece);
        server.write(piece.subarray(0, piece.length >> 1), snap);
      });
      server.on("data", (piece) => {
        if (line.how === "answer lost") snap();
        else client.write(piece);
      });
    });
  };
  return {
    dial,
    breakNext: (how) => {
      for (const line of lines) line.how = how;
    },
    get breaks() {
      return breaks;
    },
  };
}

/** A dialler to a PostgreSQL server on this machine, through a proxy that speaks TLS as `warehouse.test`. */
export function tlsDial(): Dial {
  return (_host, port, signal) =>
    proxied(signal, (client) => {
      client.on("error", () => undefined);
      client.once("data", () => {
        client.write("S");
        const secureContext = createSecureContext({ cert: testCertificate, key: testCertificateKey });
        const secure = new TLSSocket(client, { isServer: true, secureContext });
        const server = connect({ host: "127.0.0.1", port });
        for (const end of [secure, server]) end.on("error", () => undefined);
        secure.pipe(server).pipe(secure);
        secure.on("close", () => server.destroy());
      });
    });
}

/** A dialler to a server that behaves as told, whatever host is asked for. */
export function scriptedDial(behave: (client: Socket) => void): Dial {
  return (_host, _port, signal) =>
    proxied(signal, (client) => {
      client.on("error", () => undefined);
      behave(client);
    });
}

/** One connection to a listener of its own on loopback, which closes with it. */
function proxied(signal: AbortSignal, serve: (client: Socket) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const listener = createServer({ noDelay: true }, serve);
    listener.listen(0, "127.0.0.1", () => {
      const { port } = listener.address() as { port: number };
      const socket = connect({ host: "127.0.0.1", port, signal });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        listener.close();
        resolve(socket);
      });
    });
  });
}

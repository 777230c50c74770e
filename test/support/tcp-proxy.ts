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

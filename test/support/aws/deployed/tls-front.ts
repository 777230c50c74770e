import { connect, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { testCertificate, testCertificateKey } from "../../tls-certificate.ts";

/** A PostgreSQL server that speaks TLS as `warehouse.test`. */
export interface TlsFront extends AsyncDisposable {
  readonly port: number;
}

/** Puts TLS before a PostgreSQL server of this machine that has none. */
export async function tlsFront(serverPort: number): Promise<TlsFront> {
  const secureContext = createSecureContext({ cert: testCertificate, key: testCertificateKey });
  const open = new Set<Socket>();
  const front = createServer({ noDelay: true }, (client) => {
    open.add(client);
    client.on("error", () => undefined).on("close", () => open.delete(client));
    // The client asks for TLS first: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
    client.once("data", () => {
      client.write("S");
      const secure = new TLSSocket(client, { isServer: true, secureContext });
      const server = connect({ host: "127.0.0.1", port: serverPort });
      for (const end of [secure, server]) end.on("error", () => undefined);
      secure.pipe(server).pipe(secure);
      secure.on("close", () => server.destroy());
    });
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  return {
    port: (front.address() as { port: number }).port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => front.close(resolve));
      for (const client of open) client.destroy();
      await closed;
    },
  };
}

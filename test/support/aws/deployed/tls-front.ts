import { connect, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { testCertificate, testCertificateKey } from "../../tls-certificate.ts";

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST */
const tlsRequest = 80_877_103;

/** A PostgreSQL server that speaks TLS as `warehouse.test`. */
export interface TlsFront extends AsyncDisposable {
  readonly port: number;
}

/** Puts TLS before a PostgreSQL server of this machine that has none; whoever asks for no TLS gets none. */
export async function tlsFront(serverPort: number): Promise<TlsFront> {
  const secureContext = createSecureContext({ cert: testCertificate, key: testCertificateKey });
  const open = new Set<Socket>();
  const front = createServer({ noDelay: true }, (client) => {
    open.add(client);
    client.on("error", () => undefined).on("close", () => open.delete(client));
    const server = connect({ host: "127.0.0.1", port: serverPort }).on("error", () => undefined);
    client.once("data", (first: Buffer) => {
      const isForTls = first.length === 8 && first.readInt32BE(4) === tlsRequest;
      if (isForTls) client.write("S");
      else server.write(first);
      const plain = isForTls ? new TLSSocket(client, { isServer: true, secureContext }) : client;
      plain.on("error", () => undefined).on("close", () => server.destroy());
      plain.pipe(server).pipe(plain);
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

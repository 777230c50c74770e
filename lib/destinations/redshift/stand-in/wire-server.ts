import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { RedshiftFault } from "./fault.ts";
import { type EngineSession, openEngineSession, type Result } from "./session.ts";
import { messagesOf, startupOf } from "./wire-messages.ts";
import type { World } from "./world.ts";

export interface WireServer extends AsyncDisposable {
  readonly port: number;
}

/** Speaks PostgreSQL's protocol 3 as Redshift does, on the loopback: login by password, simple queries. */
export async function startWireServer(world: World): Promise<WireServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    serve(world, socket).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function serve(world: World, socket: Socket): Promise<void> {
  const bytes = socket[Symbol.asyncIterator]();
  const start = await startupOf(bytes, socket);
  if (start === undefined) return void socket.end();
  const { user = "", database = "" } = start.parameters;
  socket.write(message("R", int32(3)));
  let session: EngineSession | undefined;
  try {
    for await (const { type, body } of messagesOf(bytes, start.rest)) {
      if (type === "p") session = await logIn(world, socket, { user, database, password: text(body) });
      else if (type === "Q" && session !== undefined) await answer(session, socket, text(body));
      else if (type === "X") break;
      else if (type !== "S")
        fail(socket, new RedshiftFault("0A000", "this stand-in takes simple queries only"), session?.status ?? "I");
      if (type === "p" && session === undefined) break;
    }
  } finally {
    // What came before the line broke has been done; a transaction that is open goes back.
    await session?.[Symbol.asyncDispose]();
    socket.end();
  }
}

async function logIn(
  world: World,
  socket: Socket,
  login: { user: string; database: string; password: string },
): Promise<EngineSession | undefined> {
  try {
    await world.beforeStatement("LOGIN");
    const session = await openEngineSession(world, login);
    const parameters = { server_version: "8.0.2", client_encoding: "UTF8", server_encoding: "UNICODE" };
    socket.write(message("R", int32(0)));
    for (const [name, value] of Object.entries(parameters)) socket.write(message("S", cstring(name), cstring(value)));
    socket.write(Buffer.concat([message("K", int32(1), int32(1)), message("Z", Buffer.from("I"))]));
    return session;
  } catch (error) {
    socket.write(
      errorMessage(
        error instanceof RedshiftFault ? error : new RedshiftFault("XX000", String(error), { severity: "FATAL" }),
      ),
    );
    return undefined;
  }
}

async function answer(session: EngineSession, socket: Socket, sql: string): Promise<void> {
  try {
    for (const result of await session.run(sql)) socket.write(resultMessages(result));
    socket.write(message("Z", Buffer.from(session.status)));
  } catch (error) {
    const fault = error instanceof RedshiftFault ? error : new RedshiftFault("XX000", String(error));
    fail(socket, fault, session.status);
    if (fault.severity === "FATAL") socket.end();
  }
}

function fail(socket: Socket, fault: RedshiftFault, status: string): void {
  socket.write(Buffer.concat([errorMessage(fault), message("Z", Buffer.from(status))]));
}

function errorMessage({ severity, sqlState, message: words, detail }: RedshiftFault): Buffer {
  const fields = [`S${severity}`, `C${sqlState}`, `M${words}`, ...(detail === undefined ? [] : [`D${detail}`])];
  return message("E", ...fields.map(cstring), Buffer.from([0]));
}

function resultMessages({ fields, rows, tag }: Result): Buffer {
  const described = fields.map(({ name, type }) =>
    Buffer.concat([cstring(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]),
  );
  const all = rows.map((row) =>
    message("D", int16(row.length), ...row.map((value) => (value === null ? int32(-1) : sized(Buffer.from(value))))),
  );
  const description = fields.length === 0 ? [] : [message("T", int16(fields.length), ...described)];
  return Buffer.concat([...description, ...all, message("C", cstring(tag))]);
}

const text = (body: Buffer) => body.subarray(0, body.indexOf(0)).toString();
const cstring = (value: string) => Buffer.from(`${value}\0`);
const sized = (body: Buffer) => Buffer.concat([int32(body.length), body]);

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

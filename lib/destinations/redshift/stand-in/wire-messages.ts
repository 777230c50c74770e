import type { Socket } from "node:net";

/** A message of a client: its letter, and what is in it. */
export interface ClientMessage {
  readonly type: string;
  readonly body: Buffer;
}

type Bytes = AsyncIterator<Buffer>;

/** Requests to encrypt, which this server answers with no. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const encryptionCodes = [80_877_103, 80_877_104];
const protocol3 = 196_608;

/** Reads the beginning of a connection. `undefined` where it ends there, or asks for something else. */
export async function startupOf(
  bytes: Bytes,
  socket: Socket,
): Promise<{ readonly parameters: Readonly<Record<string, string>>; readonly rest: Buffer } | undefined> {
  let held: Buffer = Buffer.alloc(0);
  for (;;) {
    while (held.length < 4 || held.length < held.readInt32BE(0)) {
      const { done, value } = await bytes.next();
      if (done === true) return undefined;
      held = Buffer.concat([held, value]);
    }
    const length = held.readInt32BE(0);
    const [code, body] = [held.readInt32BE(4), held.subarray(8, length)];
    held = held.subarray(length);
    if (encryptionCodes.includes(code)) socket.write("N");
    else if (code !== protocol3) return undefined;
    else {
      const words = body.toString().split("\0");
      const pairs = words.flatMap((word, at) => (at % 2 === 0 && word !== "" ? [[word, words[at + 1] ?? ""]] : []));
      return { parameters: Object.fromEntries(pairs), rest: held };
    }
  }
}

/** The messages that follow, each once it is whole. */
export async function* messagesOf(bytes: Bytes, rest: Buffer): AsyncGenerator<ClientMessage> {
  let held = rest;
  for (;;) {
    while (held.length >= 5 && held.length >= held.readInt32BE(1) + 1) {
      const length = held.readInt32BE(1) + 1;
      yield { type: held.toString("latin1", 0, 1), body: held.subarray(5, length) };
      held = held.subarray(length);
    }
    const { done, value } = await bytes.next().catch(() => ({ done: true, value: undefined }));
    if (done === true || value === undefined) return;
    held = Buffer.concat([held, value]);
  }
}

import ssh2, { type Attributes, type SFTPWrapper } from "ssh2";
import { FileRequests, type SessionDesk } from "./file-requests.ts";
import { FolderRequests } from "./folder-requests.ts";
import { segmentsOf } from "./places.ts";
import { refusalOf } from "./refusal.ts";
import type { MadeFolders } from "./user-tree.ts";

const { STATUS_CODE } = ssh2.utils.sftp;

/** What a channel tells the connection that carries it. */
export interface Carrier {
  /** Each request: the client is alive. The answer must be called when the request, of that weight, is done. */
  readonly began: (bytes: number) => () => void;
  /** Ends the connection of a client that misbehaves. */
  readonly abort: (reason: string) => void;
}

/** Answers that a client leaves unread before we take it for an attack. */
const unreadAnswersMax = 1_024;

/** ssh2 has no public way to see what is unread, nor to send an exit status for a subsystem. */
interface ChannelInsides {
  readonly _buffer: { readonly length: number };
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly _protocol: { exitStatus(channel: number, status: number): void };
}

type Answer = (id: number) => void;

/** Answers the requests of one SFTP channel until it ends; half uploads then leave nothing. */
export function serveChannel(channel: SFTPWrapper, desk: SessionDesk, made: MadeFolders, carrier: Carrier): void {
  const files = new FileRequests(desk);
  const insides = channel as unknown as ChannelInsides;

  const answer = (id: number, bytes: number, work: () => Promise<Answer>): void => {
    const done = carrier.began(bytes);
    if (insides._buffer.length > unreadAnswersMax) carrier.abort("answers are left unread");
    work()
      .catch((error: unknown) => {
        const refusal = refusalOf(error);
        if (refusal !== error)
          desk.log("sftp.request-failed", { userId: desk.user.id, message: String(refusal.cause) });
        return (requestId: number) => channel.status(requestId, STATUS_CODE[refusal.status], refusal.message);
      })
      .then((say) => say(id))
      // Only a channel that is gone cannot be answered; then nobody waits.
      .catch((error: unknown) => desk.log("sftp.answer-lost", { message: String(error) }))
      .finally(done);
  };
  const ok = () => (id: number) => channel.status(id, STATUS_CODE.OK);

  listenForFiles(channel, files, answer, ok);
  listenForFolders(channel, new FolderRequests(desk, files.handles, made), answer, ok);

  channel.on("end", () => {
    // OpenSSH waits for both.
    if (insides.outgoing.state === "open") insides._protocol.exitStatus(insides.outgoing.id, 0);
    channel.end();
  });
  channel.on("error", (error: Error) => carrier.abort(error.message));
  channel.on("close", () => {
    files.handles.discardAll().catch((error: unknown) => desk.log("sftp.discard-failed", { message: String(error) }));
  });
}

type Answering = (id: number, bytes: number, work: () => Promise<Answer>) => void;

function listenForFiles(channel: SFTPWrapper, files: FileRequests, answer: Answering, ok: () => Answer): void {
  const attributes = (work: () => Promise<Attributes>) => async () => {
    const found = await work();
    return (id: number) => channel.attrs(id, found);
  };
  channel.on("OPEN", (id, path, flags) =>
    answer(id, 0, async () => {
      const handle = await files.open(path, flags);
      return (request) => channel.handle(request, handle);
    }),
  );
  channel.on("READ", (id, handle, offset, length) =>
    answer(id, 0, async () => {
      const data = await files.read(handle, offset, length);
      if (data.length === 0) return (request) => channel.status(request, STATUS_CODE.EOF);
      return (request) => channel.data(request, data);
    }),
  );
  channel.on("WRITE", (id, handle, offset, data) =>
    answer(id, data.length, () => files.write(handle, offset, data).then(ok)),
  );
  channel.on("CLOSE", (id, handle) => answer(id, 0, () => files.close(handle).then(ok)));
  channel.on("STAT", (id, path) =>
    answer(
      id,
      0,
      attributes(() => files.attributes(path)),
    ),
  );
  channel.on("LSTAT", (id, path) =>
    answer(
      id,
      0,
      attributes(() => files.attributes(path)),
    ),
  );
  channel.on("FSTAT", (id, handle) =>
    answer(
      id,
      0,
      attributes(async () => files.handleAttributes(handle)),
    ),
  );
  channel.on("SETSTAT", (id, path, wanted) => answer(id, 0, () => files.setAttributes(path, wanted).then(ok)));
  channel.on("FSETSTAT", (id, handle, wanted) =>
    answer(id, 0, () => files.setHandleAttributes(handle, wanted).then(ok)),
  );
  channel.on("RENAME", (id, from, to) => answer(id, 0, () => files.rename(from, to).then(ok)));
  channel.on("REMOVE", (id, path) => answer(id, 0, () => files.remove(path).then(ok)));
}

function listenForFolders(channel: SFTPWrapper, folders: FolderRequests, answer: Answering, ok: () => Answer): void {
  channel.on("OPENDIR", (id, path) =>
    answer(id, 0, async () => {
      const handle = await folders.open(path);
      return (request) => channel.handle(request, handle);
    }),
  );
  channel.on("READDIR", (id, handle) =>
    answer(id, 0, async () => {
      const lines = await folders.read(handle);
      if (lines.length === 0) return (request) => channel.status(request, STATUS_CODE.EOF);
      return (request) => channel.name(request, [...lines]);
    }),
  );
  channel.on("REALPATH", (id, path) =>
    answer(id, 0, async () => {
      const filename = `/${segmentsOf(path).join("/")}`;
      return (request) => channel.name(request, [{ filename, longname: filename, attrs: {} as Attributes }]);
    }),
  );
  channel.on("MKDIR", (id, path) => answer(id, 0, () => folders.make(path).then(ok)));
  channel.on("RMDIR", (id, path) => answer(id, 0, () => folders.remove(path).then(ok)));
}

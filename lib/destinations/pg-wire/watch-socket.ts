import type { Socket } from "node:net";
import { SyncError } from "../../model/errors.ts";
import { abortError } from "../abort.ts";

/** More than this for one statement is no answer to anything that we ask. */
const answerBytesMax = 67_108_864;
const lookEveryMs = 500;

export interface SocketWatch {
  /** Why the watch hung up, where it did. */
  failure(): SyncError | undefined;
  stop(): void;
}

/** Hangs up when the signal aborts, when a server says nothing for too long, and when it says far too much. */
export function watchSocket(socket: Socket, options: { signal: AbortSignal; timeoutMs: number }): SocketWatch {
  const { signal, timeoutMs } = options;
  let failure: SyncError | undefined;
  const hangUp = (why: SyncError) => {
    failure ??= why;
    socket.destroy();
  };
  const onAbort = () => hangUp(abortError(signal));
  signal.addEventListener("abort", onAbort);
  const readBefore = socket.bytesRead;
  const startedMs = performance.now();
  const timer = setInterval(() => {
    if (socket.bytesRead - readBefore > answerBytesMax) {
      hangUp(new SyncError("CONNECTION_LOST", { message: `the server sent more than ${answerBytesMax} bytes` }));
    } else if (performance.now() - startedMs > timeoutMs) {
      hangUp(new SyncError("TIMEOUT"));
    }
  }, lookEveryMs);
  return {
    failure: () => failure,
    stop: () => {
      clearInterval(timer);
      signal.removeEventListener("abort", onAbort);
    },
  };
}

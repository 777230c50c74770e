import type { Socket } from "node:net";
import type { Dial } from "../lib/destinations/destination.ts";

export interface CountingDial {
  readonly dial: Dial;
  readonly sentMb: number;
  readonly receivedMb: number;
  /** HTTP requests that began. */
  readonly requests: number;
  reset(): void;
}

/** Wraps a dialler so that everything that goes over its sockets is counted. */
export function countingDial(inner: Dial): CountingDial {
  const sockets: Socket[] = [];
  let requests = 0;
  let before = { sent: 0, received: 0 };
  const sum = (count: (socket: Socket) => number) => sockets.reduce((total, socket) => total + count(socket), 0);
  const now = () => ({ sent: sum((socket) => socket.bytesWritten), received: sum((socket) => socket.bytesRead) });
  return {
    dial: async (host, port, signal) => {
      const socket = await inner(host, port, signal);
      sockets.push(socket);
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
      return Object.assign(socket, {
        write: (...args: unknown[]) => {
          if (/^(GET|PUT|POST|HEAD|DELETE) \//.test(String(args[0]).slice(0, 20))) requests += 1;
          return write(...args);
        },
      });
    },
    get sentMb() {
      return (now().sent - before.sent) / 1e6;
    },
    get receivedMb() {
      return (now().received - before.received) / 1e6;
    },
    get requests() {
      return requests;
    },
    reset: () => {
      before = now();
      requests = 0;
    },
  };
}

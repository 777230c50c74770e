import { lookup as systemLookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { abortError } from "../../destinations/abort.ts";
import type { Dial } from "../../destinations/destination.ts";
import { SyncError } from "../../model/errors.ts";
import { makeAddressRule, type PrivateAllowance } from "./address-rules.ts";
import { canonicalHost, isLocalhostName, refused } from "./host-name.ts";

/** All addresses of a name, in the order to try them. */
type Lookup = (name: string) => Promise<readonly string[]>;

export interface DialOptions {
  /** The operator's allowance for addresses that are not public. Loopback only where a range names it. @default false */
  readonly allowPrivate?: PrivateAllowance;
  /** @default the system's resolver */
  readonly lookup?: Lookup;
  /** For each address. @default 8000 */
  readonly connectTimeoutMs?: number;
}

/**
 * The one way out to hosts that users name: resolves once, refuses the host when any of its addresses is not allowed,
 * and connects to the very addresses that were checked, so that a second answer of the resolver counts for nothing.
 */
export function makeDial(options: DialOptions = {}): Dial {
  const allowPrivate = options.allowPrivate ?? false;
  const isAllowed = makeAddressRule(allowPrivate);
  const lookup = options.lookup ?? lookupAll;
  const timeoutMs = options.connectTimeoutMs ?? 8_000;
  const isLoopbackAllowed = isAllowed("127.0.0.1") || isAllowed("::1");
  return async (host, port, signal) => {
    if (signal.aborted) throw abortError(signal);
    const name = canonicalHost(host);
    if (isLocalhostName(name) && !isLoopbackAllowed) throw refused(host, "names this machine itself");
    const addresses = isIP(name) === 0 ? await resolve(lookup, name) : [name];
    const blocked = addresses.find((address) => !isAllowed(address));
    if (blocked !== undefined) throw refused(host, `points at ${blocked}, which is not allowed`);
    return connectToFirst(addresses, { host: name, port, timeoutMs, signal });
  };
}

async function lookupAll(name: string): Promise<readonly string[]> {
  return (await systemLookup(name, { all: true })).map(({ address }) => address);
}

async function resolve(lookup: Lookup, name: string): Promise<readonly string[]> {
  const addresses = await lookup(name).catch((error: NodeJS.ErrnoException) => {
    throw new SyncError("HOST_UNREACHABLE", {
      message: `the host ${name} cannot be resolved`,
      ...(error.code === undefined ? {} : { vendorCode: error.code }),
      cause: error,
    });
  });
  if (addresses.length > 0) return addresses;
  throw new SyncError("HOST_UNREACHABLE", { message: `the host ${name} has no address` });
}

interface Attempt {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function connectToFirst(addresses: readonly string[], attempt: Attempt): Promise<Socket> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await connectTo(address, attempt);
    } catch (error) {
      if (attempt.signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}

function connectTo(address: string, { host, port, timeoutMs, signal }: Attempt): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
    const timer = setTimeout(() => fail("ETIMEDOUT"), timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
    };
    const fail = (code: string, cause?: unknown) => {
      settle();
      // A late error of a socket that nobody waits for must not end the process.
      socket.on("error", () => undefined).destroy();
      const message = `${host}:${port} cannot be reached (${code})`;
      reject(new SyncError("HOST_UNREACHABLE", { message, vendorCode: code, cause }));
    };
    const onError = (error: NodeJS.ErrnoException) => fail(error.code ?? "unknown", error);
    const onAbort = () => {
      settle();
      socket.on("error", () => undefined).destroy();
      reject(abortError(signal));
    };
    signal.addEventListener("abort", onAbort);
    socket.once("error", onError);
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
  });
}

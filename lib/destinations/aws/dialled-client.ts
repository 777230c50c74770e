import { type AgentOptions, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import ipaddr from "ipaddr.js";
import { SyncError } from "../../model/errors.ts";
import type { OpenOptions } from "../destination.ts";

/** Keys to sign with. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface DialledClientOptions extends Pick<OpenOptions, "dial" | "signal"> {
  readonly region: string;
  /** @default the keys of this process */
  readonly credentials?: () => Promise<AwsKeys>;
  /** @default the service's public address in the region */
  readonly endpoint?: string | undefined;
  /** How long an answer may keep us waiting. @default 60000 */
  readonly answerMsMax?: number;
}

/** As much of an SDK client's configuration as we set. */
interface ClientConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: () => Promise<AwsKeys>;
  readonly maxAttempts: number;
  readonly retryMode: string;
  readonly requestHandler: Readonly<Record<string, unknown>>;
}

const answerMsMaxDefault = 60_000;
const connectMsMax = 10_000;
/** More than this for one call is no answer to anything that we ask: the SDK would hold all of it in memory. */
const answerBytesMax = 16_777_216;
const lookEveryMs = 50;
/** The one layer at which calls are tried again: throttles, 5xx and broken connections, with jittered waits. */
const triesMax = 4;
const agentOptions: AgentOptions = { keepAlive: true, maxSockets: 16 };

/** An SDK client all of whose connections go by the checked dialler, never by the SDK's own resolver. It follows no redirects. */
export function dialledClient<Client>(
  Class: new (config: ClientConfig) => Client,
  options: DialledClientOptions,
): Client {
  const answerMsMax = options.answerMsMax ?? answerMsMaxDefault;
  return new Class({
    region: options.region,
    maxAttempts: triesMax,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: connectMsMax,
      requestTimeout: answerMsMax,
      throwOnRequestTimeout: true,
      socketTimeout: answerMsMax,
      httpsAgent: dialledAgent(options, "https"),
      httpAgent: dialledAgent(options, "http"),
    },
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
  });
}

/** Node's agents hand over what they know of the connection to make, and take the socket by callback. */
interface Asked {
  readonly host?: string | null;
  readonly port?: number | string | null;
  readonly servername?: string;
}
type Answer = (error: Error | null, socket?: Duplex) => void;

function dialledAgent(options: DialledClientOptions, protocol: "http" | "https"): HttpAgent {
  const agent = protocol === "https" ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const readBefore = new WeakMap<object, number>();
  agent.on("free", (line: Socket) => void readBefore.set(line, line.bytesRead));
  const createConnection = (asked: Asked, answer: Answer): undefined => {
    const host = asked.host ?? "";
    const port = Number(asked.port ?? (protocol === "https" ? 443 : 80));
    options.dial(host, port, options.signal).then(
      (socket) => {
        try {
          const line = protocol === "https" ? encrypted(socket, host) : unencrypted(socket, host);
          cutFloods(line, host, readBefore);
          answer(null, line);
        } catch (error) {
          answer(error as Error);
        }
      },
      (error: Error) => answer(error),
    );
  };
  return Object.assign(agent, { createConnection });
}

/** Hangs up on a server that sends far more than one call asked for. `readBefore` has what earlier calls on the line read. */
function cutFloods(line: Socket, host: string, readBefore: WeakMap<object, number>): void {
  const timer = setInterval(() => {
    if (line.bytesRead - (readBefore.get(line) ?? 0) <= answerBytesMax) return;
    line.destroy(new SyncError("CONNECTION_LOST", { message: `${host} sent more than ${answerBytesMax} bytes` }));
  }, lookEveryMs);
  timer.unref();
  line.once("close", () => clearInterval(timer));
}

function encrypted(socket: Socket, host: string): Socket {
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ socket, host, ...name, minVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"] });
}

/** Without TLS only where nobody else listens: to addresses that are not public. */
function unencrypted(socket: Socket, host: string): Socket {
  const address = socket.remoteAddress;
  if (address !== undefined && ipaddr.process(address).range() !== "unicast") return socket;
  socket.destroy();
  throw new SyncError("TLS_INVALID", { message: `${host} is reached over public networks: use https` });
}

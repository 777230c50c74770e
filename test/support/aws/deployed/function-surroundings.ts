/**
 * Loaded into the process of a function before its code: a clock that can be put ahead, and a network in which one
 * public address and its name lead to a server of this machine. The product itself refuses to dial this machine.
 */
import dns from "node:dns/promises";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { warehouseAddress, warehouseHost } from "./warehouse-place.ts";

let aheadMs = 0;

/** Called with each event: how far the installation's time is ahead. */
export function putAhead(ms: number): void {
  aheadMs = ms;
}

const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [target.now() + aheadMs] : given, newTarget) as object,
  get: (target, property) =>
    property === "now" ? () => target.now() + aheadMs : (Reflect.get(target, property) as unknown),
});

const { lookup } = dns;
dns.lookup = (async (name: string, options: object) =>
  name === warehouseHost ? [{ address: warehouseAddress, family: 4 }] : lookup(name, options)) as typeof dns.lookup;

const port = Number(process.env["TEST_WAREHOUSE_PORT"]);
const socketPrototype = net.Socket.prototype as { connect: (...given: unknown[]) => net.Socket };
const connect = socketPrototype.connect;
const isWarehouse = (host: unknown) => host === warehouseAddress || host === warehouseHost;
socketPrototype.connect = function (this: net.Socket, ...given) {
  const [first, host, ...others] = given;
  if (isWarehouse(host)) return Reflect.apply(connect, this, [port, "127.0.0.1", ...others]);
  // `net.connect` hands over its arguments as one list.
  const options = (Array.isArray(first) ? first[0] : first) as { host?: string; port?: number };
  if (isWarehouse(options.host)) Object.assign(options, { host: "127.0.0.1", port });
  return Reflect.apply(connect, this, given);
};
syncBuiltinESMExports();

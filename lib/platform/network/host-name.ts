import { isIP } from "node:net";
import { SyncError } from "../../model/errors.ts";

/** One label of a DNS name; underscores occur in private zones. */
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const nameCharactersMax = 253;

/** A last label of digits or hex makes resolvers read the whole name as an IPv4 address in one of its odd forms. */
const numericLabel = /^(\d+|0x[0-9a-f]*)$/i;

/**
 * The host in the one form that we look up: an IP address in its usual spelling, or a DNS name without a trailing dot.
 * Throws `HOST_BLOCKED` for anything else: `user@host`, line breaks, ports, `127.1`, `0x7f000001`, zone ids, `localhost`.
 */
export function canonicalHost(host: string): string {
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  if (isIP(name) !== 0) {
    if (name !== host || name.includes("%")) throw refused(host, "is not an address in its usual form");
    return name;
  }
  const labels = name.split(".");
  if (name.length > nameCharactersMax || !labels.every((part) => label.test(part))) {
    throw refused(host, "is not a host name");
  }
  if (numericLabel.test(labels.at(-1) ?? "")) throw refused(host, "is not an address in its usual form");
  return name.toLowerCase();
}

/** Whether the name is reserved for the machine itself, whatever a resolver says. */
export function isLocalhostName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

/** `HOST_BLOCKED` with the host as given, made printable. */
export function refused(host: string, why: string): SyncError {
  return new SyncError("HOST_BLOCKED", { message: `the host ${JSON.stringify(host.slice(0, 260))} ${why}` });
}

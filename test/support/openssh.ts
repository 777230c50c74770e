import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyPair } from "../../lib/platform/embedded/sftp/new-key-pair.ts";
import type { SftpRig } from "./sftp-rig.ts";

export interface CommandResult {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly output: string;
}

/** A batch of the real `sftp` against the rig; lines as one would type them. `kill` ends it when told to. */
export function openSshBatch(
  rig: SftpRig,
  lines: readonly string[],
  options: { readonly key?: KeyPair; readonly settings?: readonly string[]; readonly kill?: AbortSignal } = {},
): Promise<CommandResult> {
  const place = (name: string) => join(rig.rig.folder, name);
  writeFileSync(place("batch"), `${lines.join("\n")}\n`);
  writeFileSync(place("id"), (options.key ?? rig.key).privateKey, { mode: 0o600 });
  writeFileSync(place("known_hosts"), `[127.0.0.1]:${rig.server.port} ${rig.server.publicKey}\n`);
  const settings = [
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${place("known_hosts")}`,
    "BatchMode=yes",
    ...(options.settings ?? []),
  ].flatMap((setting) => ["-o", setting]);
  const target = `${rig.user.sftpUsername}@127.0.0.1`;
  const given = ["-F", "/dev/null", "-i", place("id"), ...settings, "-P", String(rig.server.port)];
  // A group of its own, for `sftp` leaves the work to a child.
  const child = spawn("sftp", [...given, "-b", place("batch"), target], {
    cwd: rig.rig.folder,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  options.kill?.addEventListener("abort", () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, output }));
  });
}

import { createHash, randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import ssh2 from "ssh2";
import { codeOf } from "../../disk.ts";
import { flush } from "../durable.ts";
import { newKeyPair } from "./new-key-pair.ts";

export interface HostKey {
  /** In OpenSSH's format. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`: the host's part of a `known_hosts` line. */
  readonly publicKey: string;
  /** `SHA256:…`, as clients show it. */
  readonly fingerprint: string;
}

/** The key that the endpoint shows to its clients: made once, then the same for ever, readable by this user alone. */
export async function hostKey(path: string): Promise<HostKey> {
  const privateKey = (await readIfThere(path)) ?? (await makeOnce(path));
  await chmod(path, 0o600);
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw new Error(`the host key at ${path} cannot be read`, { cause: parsed });
  const blob = parsed.getPublicSSH();
  const digest = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
  return { privateKey, publicKey: `${parsed.type} ${blob.toString("base64")}`, fingerprint: `SHA256:${digest}` };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whoever links first has made it; a half-written key never has the name. */
async function makeOnce(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(newKeyPair().privateKey);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await flush(dirname(path));
  return readFile(path, "utf8");
}

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { type KeyPair, newKeyPair } from "../../lib/platform/embedded/sftp/new-key-pair.ts";

type KeyType = "ed25519" | "ecdsa" | "rsa";
type MakeKey = (type: KeyType, bits?: number) => KeyPair;

/** Makes keys within this process. */
export const makeKey: MakeKey = (type, bits) => {
  const { generateKeyPairSync } = ssh2.utils;
  const comment = "someone@somewhere";
  if (type === "ed25519") return newKeyPair(comment);
  const made =
    type === "rsa"
      ? generateKeyPairSync("rsa", { bits: bits ?? 2048, comment })
      : generateKeyPairSync("ecdsa", { bits: bits === 384 || bits === 521 ? bits : 256, comment });
  return { privateKey: made.private, publicKey: made.public };
};

const makeKeyByCommand: MakeKey = (type, bits) => {
  const folder = mkdtempSync(join(tmpdir(), "ws-key-"));
  try {
    const path = join(folder, "id");
    const size = bits === undefined ? [] : ["-b", String(bits)];
    execFileSync("ssh-keygen", ["-q", "-t", type, ...size, "-N", "", "-C", "a comment", "-f", path]);
    return { privateKey: readFileSync(path, "utf8"), publicKey: readFileSync(`${path}.pub`, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Whether a program answers on this machine. */
export function isInstalled(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Every maker of keys on this machine: ours always, `ssh-keygen` where it is. */
export const keyMakers: readonly (readonly [string, MakeKey])[] = [
  ["ssh2", makeKey],
  ...(isInstalled("ssh-keygen") ? [["ssh-keygen", makeKeyByCommand] as const] : []),
];

/** A public key line with fields of one's own: for keys that no program makes. */
export function keyLine(type: string, ...fields: readonly Uint8Array[]): string {
  const parts = [Buffer.from(type), ...fields].flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  });
  return `${type} ${Buffer.concat(parts).toString("base64")}`;
}

/** A positive number in SSH's form, of exactly so many bits, and odd. */
export function mpintOf(bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
  bytes[0] = 0xff >>> (bytes.length * 8 - bits);
  return bits % 8 === 0 ? Uint8Array.of(0, ...bytes) : bytes;
}

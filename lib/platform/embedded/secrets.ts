import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Secrets } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";
import { hourMs } from "../../model/time.ts";
import { codeOf, translatingDisk } from "../disk.ts";
import { flush } from "./durable.ts";

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Secrets as one encrypted file each (AES-256-GCM), with the key beside them, readable by this user alone. */
export async function openSecrets(folder: string): Promise<Secrets> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await sweep(folder);
  return new EncryptedFiles(folder, await keyIn(folder));
}

class EncryptedFiles implements Secrets {
  readonly #folder: string;
  readonly #key: Buffer;

  constructor(folder: string, key: Buffer) {
    this.#folder = folder;
    this.#key = key;
  }

  async put(ref: string, value: string): Promise<void> {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(ref));
    const sealed = Buffer.concat([nonce, cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]);
    await translatingDisk(() => writeWhole(this.#folder, this.#path(ref), sealed));
  }

  async get(ref: string): Promise<string> {
    try {
      const sealed = await readFile(this.#path(ref));
      const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(0, nonceBytes))
        .setAAD(Buffer.from(ref))
        .setAuthTag(sealed.subarray(-tagBytes));
      return decipher.update(sealed.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8");
    } catch (error) {
      throw new SyncError("SECRET_UNAVAILABLE", { cause: error });
    }
  }

  async delete(ref: string): Promise<void> {
    await translatingDisk(() => rm(this.#path(ref), { force: true }));
  }

  /** Named by digest: a reference may hold any character. */
  #path(ref: string): string {
    return join(this.#folder, `${createHash("sha256").update(ref).digest("hex")}.sealed`);
  }
}

/** Removes what a killed write left, and leaves a living one's alone. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const isTemp = /\.[0-9a-f]{16}$/.test(name);
    if (isTemp && Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > hourMs)
      await rm(path, { force: true });
  }
}

/** The key of this folder, made by whoever comes first. */
async function keyIn(folder: string): Promise<Buffer> {
  const path = join(folder, "key");
  const candidate = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    return readKey(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  await writeFile(candidate, randomBytes(keyBytes), { mode: 0o600, flag: "wx", flush: true });
  try {
    await link(candidate, path);
    await flush(folder);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(candidate, { force: true });
  }
  return readKey(path);
}

function readKey(path: string): Buffer {
  const key = readFileSync(path);
  if (key.length !== keyBytes)
    throw new SyncError("SECRET_UNAVAILABLE", { message: `the key file ${path} is damaged` });
  return key;
}

async function writeWhole(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const temp = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await writeFile(temp, bytes, { mode: 0o600, flag: "wx", flush: true });
    await rename(temp, path);
  } finally {
    await rm(temp, { force: true });
  }
  await flush(folder);
}

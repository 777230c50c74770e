import { SyncError } from "./errors.ts";

/** What one line of a `.pub` file holds, checked down to its last byte. */
export interface ParsedSshKey {
  readonly type: string;
  /** `ssh-ed25519 AAAA…`, without comment. */
  readonly publicKey: string;
  /** The key as SSH sends it; its SHA-256 is the fingerprint. */
  readonly blob: Uint8Array;
}

/** AWS Transfer Family takes no longer key bodies: https://docs.aws.amazon.com/transfer/latest/userguide/API_ImportSshPublicKey.html */
const sshKeyCharactersMax = 2_048;
const rsaBitsMin = 2_048;

/** Bytes of a coordinate on each curve. */
const curveBytes: Readonly<Record<string, number>> = { nistp256: 32, nistp384: 48, nistp521: 66 };

const ecdsaPrefix = "ecdsa-sha2-";
const takenTypes = ["ssh-ed25519", "ssh-rsa", ...Object.keys(curveBytes).map((curve) => `${ecdsaPrefix}${curve}`)];
/** Names that are key types somewhere, though not here: DSA, security keys, certificates, Ed448, signature names. */
const typeLike = /^(ssh-|ecdsa-sha2-|rsa-sha2-|sk-|webauthn-)[\w.@-]+$/;
const privateKeyLike = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|^PuTTY-User-Key-File-/m;

/** Reads the text a person pasted as a public key. Throws a `SyncError` with a code of its own for each way it can be wrong. */
export function parseSshKey(text: string): ParsedSshKey {
  if (privateKeyLike.test(text)) throw new SyncError("KEY_PRIVATE");
  const line = text.replace(/^\uFEFF/, "").trim();
  if (/[\r\n]/.test(line)) throw invalid("the key must be one line; an RFC 4716 file converts with ssh-keygen -i");
  if (line.length > sshKeyCharactersMax) {
    throw invalid(`the key has ${line.length} characters, more than ${sshKeyCharactersMax}`);
  }
  const [type = "", base64 = ""] = line.split(/[ \t]+/);
  refuseUntakenType(line, type);
  const blob = bytesOf(base64);
  const fields = fieldsOf(blob);
  const named = textOf(fields[0]);
  if (named !== type) throw invalid(`the line says ${type}, the key itself says something else`);
  checkKey(type, fields.slice(1));
  // Spelt anew, since unused bits at the end of base64 would let one key pass for two.
  return { type, publicKey: `${type} ${btoa(String.fromCharCode(...blob))}`, blob };
}

function invalid(message: string): SyncError {
  return new SyncError("KEY_INVALID", { message: `This is not an SSH public key: ${message}.` });
}

function refuseUntakenType(line: string, type: string): void {
  if (takenTypes.includes(type)) return;
  if (typeLike.test(type)) {
    throw new SyncError("KEY_UNSUPPORTED", { message: `Keys of type ${type} are not taken.` });
  }
  const words = line.replace(/"(\\.|[^"\\])*"/g, "").split(/[ \t]+/);
  if (words.some((word, index) => index > 0 && typeLike.test(word))) throw new SyncError("KEY_OPTIONS");
  throw invalid("it does not start with a key type such as ssh-ed25519");
}

function bytesOf(base64: string): Uint8Array {
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  if (base64 === "" || !isBase64.test(base64)) throw invalid("what follows the type is not whole base64");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The length-prefixed fields of a blob, which must fill it exactly. */
function fieldsOf(blob: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const fields: Uint8Array[] = [];
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) throw invalid("it is cut off");
    const end = at + 4 + view.getUint32(at);
    if (end > blob.length) throw invalid("it is cut off");
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

function textOf(field: Uint8Array | undefined): string {
  return String.fromCharCode(...(field ?? []).slice(0, 64));
}

function checkKey(type: string, fields: readonly Uint8Array[]): void {
  if (type === "ssh-rsa") checkRsa(fields);
  else if (type.startsWith(ecdsaPrefix)) checkEcdsa(type.slice(ecdsaPrefix.length), fields);
  else if (fields.length !== 1 || fields[0]?.length !== 32) throw invalid("an ssh-ed25519 key has exactly 32 bytes");
}

function checkEcdsa(curve: string, fields: readonly Uint8Array[]): void {
  const [named, point] = fields;
  if (fields.length !== 2 || textOf(named) !== curve) throw invalid(`its curve is not ${curve}`);
  if (point?.length !== 1 + 2 * (curveBytes[curve] ?? 0) || point[0] !== 4) {
    throw invalid(`its point is not an uncompressed one on ${curve}`);
  }
}

function checkRsa(fields: readonly Uint8Array[]): void {
  const [exponent, modulus] = fields;
  if (fields.length !== 2 || exponent === undefined || modulus === undefined)
    throw invalid("an RSA key has two numbers");
  const [exponentBits, modulusBits] = [bitsOf(exponent), bitsOf(modulus)];
  const areOdd = ((exponent.at(-1) ?? 0) & (modulus.at(-1) ?? 0) & 1) === 1;
  if (exponentBits < 2 || !areOdd) throw invalid("its numbers are no RSA key");
  if (modulusBits < rsaBitsMin) {
    throw new SyncError("KEY_TOO_SHORT", {
      message: `This RSA key has ${modulusBits} bits; ${rsaBitsMin} are needed.`,
    });
  }
}

/** Bits of a positive SSH `mpint` in its shortest form. */
function bitsOf(number: Uint8Array): number {
  const [first = 0, second = 0] = number;
  if (number.length === 0 || first >= 128 || (first === 0 && second < 128))
    throw invalid("a number in it is malformed");
  return first === 0 ? (number.length - 1) * 8 : (number.length - 1) * 8 + (32 - Math.clz32(first));
}

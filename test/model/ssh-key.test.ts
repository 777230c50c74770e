import { describe, expect, test } from "vitest";
import { SyncError } from "../../lib/model/errors.ts";
import { parseSshKey } from "../../lib/model/ssh-key.ts";
import { keyLine, keyMakers, makeKey, mpintOf } from "../support/ssh-keys.ts";

const exponent = Uint8Array.of(1, 0, 1);
const someBytes = (count: number) => new Uint8Array(count).fill(7);
const { publicKey: goodLine, privateKey } = makeKey("ed25519");
const bare = goodLine.split(" ").slice(0, 2).join(" ");

describe.each(keyMakers)("a key made by %s", (_maker, make) => {
  test.each([
    ["ed25519", undefined, "ssh-ed25519"],
    ["ecdsa", 256, "ecdsa-sha2-nistp256"],
    ["ecdsa", 384, "ecdsa-sha2-nistp384"],
    ["ecdsa", 521, "ecdsa-sha2-nistp521"],
    ["rsa", 2048, "ssh-rsa"],
    ["rsa", 3072, "ssh-rsa"],
  ] as const)("of type %s %s is taken, and stripped of its comment", (kind, bits, type) => {
    const { publicKey } = make(kind, bits);

    const parsed = parseSshKey(publicKey);

    expect(parsed.type).toBe(type);
    expect(publicKey.startsWith(`${parsed.publicKey} `)).toBe(true);
  });

  test("of RSA with 1024 bits is too short", () => {
    expect(codeFor(make("rsa", 1024).publicKey)).toBe("KEY_TOO_SHORT");
  });

  test("is refused when its private half is pasted", () => {
    expect(codeFor(make("ed25519").privateKey)).toBe("KEY_PRIVATE");
    expect(codeFor(make("rsa").privateKey)).toBe("KEY_PRIVATE");
  });
});

describe("RSA bits are counted in the modulus", () => {
  test("2047 are too few", () => expect(codeFor(keyLine("ssh-rsa", exponent, mpintOf(2047)))).toBe("KEY_TOO_SHORT"));
  test("2048 are enough", () => expect(codeFor(keyLine("ssh-rsa", exponent, mpintOf(2048)))).toBe("taken"));
  test("leading zeros do not count", () => {
    const padded = Uint8Array.of(...new Uint8Array(200), ...mpintOf(1024));

    expect(codeFor(keyLine("ssh-rsa", exponent, padded))).toBe("KEY_INVALID");
  });
  test("a negative or an even modulus is none", () => {
    const even = mpintOf(2048).with(-1, 0xfe);

    expect(codeFor(keyLine("ssh-rsa", exponent, mpintOf(2048).slice(1)))).toBe("KEY_INVALID");
    expect(codeFor(keyLine("ssh-rsa", exponent, even))).toBe("KEY_INVALID");
  });
  test("an exponent of 1 is none", () => {
    expect(codeFor(keyLine("ssh-rsa", Uint8Array.of(1), mpintOf(2048)))).toBe("KEY_INVALID");
  });
});

test.each([
  ["DSA", keyLine("ssh-dss", someBytes(20))],
  ["a security key", keyLine("sk-ssh-ed25519@openssh.com", someBytes(32), Buffer.from("ssh:"))],
  ["a security key of ECDSA", keyLine("sk-ecdsa-sha2-nistp256@openssh.com", Buffer.from("nistp256"), someBytes(65))],
  ["a certificate", keyLine("ssh-ed25519-cert-v01@openssh.com", someBytes(32), someBytes(32))],
  ["Ed448", keyLine("ssh-ed448", someBytes(57))],
  ["an unknown curve", keyLine("ecdsa-sha2-nistp224", Buffer.from("nistp224"), someBytes(57))],
])("%s is unsupported", (_name, line) => expect(codeFor(line)).toBe("KEY_UNSUPPORTED"));

test.each([
  ["a command", `command="rm -rf /" ${bare}`],
  ["several options", `no-pty,from="10.0.0.0/8",environment="A=\\"b c\\"" ${bare} me`],
  ["an option before an unsupported key", `restrict ${keyLine("ssh-dss", someBytes(20))}`],
])("a key with options is refused as such: %s", (_name, line) => expect(codeFor(line)).toBe("KEY_OPTIONS"));

test.each([
  ["a PuTTY private key", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n"],
  ["a PKCS #8 private key", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"],
  ["an encrypted private key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n-----END ENCRYPTED PRIVATE KEY-----"],
  ["a private key after a public one", `${bare}\n${privateKey}`],
])("%s is named as private", (_name, text) => expect(codeFor(text)).toBe("KEY_PRIVATE"));

test.each([
  ["nothing", ""],
  ["prose", "please let me in"],
  ["a bare type", "ssh-ed25519"],
  ["two keys", `${bare}\n${bare}`],
  ["RFC 4716", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----"],
  ["a key cut off within its base64", bare.slice(0, -5)],
  ["a key cut off within its fields", bare.slice(0, -4)],
  ["base64 that is none", bare.replace("AAAA", "AA*A")],
  ["a type that the key contradicts", bare.replace("ssh-ed25519", "ssh-rsa")],
  ["bytes after the key", keyLine("ssh-ed25519", someBytes(32), someBytes(1))],
  ["an ed25519 key of 31 bytes", keyLine("ssh-ed25519", someBytes(31))],
  ["a curve that the type contradicts", keyLine("ecdsa-sha2-nistp256", Buffer.from("nistp384"), someBytes(97))],
  ["a compressed point", keyLine("ecdsa-sha2-nistp256", Buffer.from("nistp256"), Uint8Array.of(2, ...someBytes(32)))],
  ["a point too short", keyLine("ecdsa-sha2-nistp256", Buffer.from("nistp256"), Uint8Array.of(4, ...someBytes(63)))],
  ["more than 2,048 characters", `${bare} ${"a".repeat(2_000)}`],
  ["a 16,384-bit RSA key", keyLine("ssh-rsa", exponent, mpintOf(16_384))],
])("%s is not a public key", (_name, text) => expect(codeFor(text)).toBe("KEY_INVALID"));

test("spaces around, tabs within and a byte order mark do no harm", () => {
  expect(parseSshKey(`\uFEFF  ${bare.replace(" ", "\t ")}\tme\r\n`).publicKey).toBe(bare);
});

test("unused bits at the end of base64 do not make another key of it", () => {
  // 279 bytes: the last one stands in two characters, whose four lowest bits say nothing.
  const line = [2048, 2056, 2064]
    .map((bits) => keyLine("ssh-rsa", exponent, mpintOf(bits)))
    .find((each) => each.endsWith("w=="));
  const twin = line?.replace(/w==$/, "x==") ?? "";

  expect(parseSshKey(twin).publicKey).toBe(line);
});

function codeFor(text: string): string {
  try {
    parseSshKey(text);
    return "taken";
  } catch (error) {
    if (error instanceof SyncError) return error.code;
    throw error;
  }
}

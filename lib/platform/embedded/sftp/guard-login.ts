import ssh2, { type AuthContext, type Connection, type PublicKeyAuthContext } from "ssh2";
import type { SftpPrincipal } from "../../../flows/accounts/sftp-login.ts";

/** Whose name and key these are; undefined for any other pair. */
export type FindPrincipal = (username: string, keyBase64: string) => Promise<SftpPrincipal | undefined>;

export interface Door {
  readonly find: FindPrincipal;
  /** Called with the principal once a login is complete. */
  readonly admit: (principal: SftpPrincipal, keyBase64: string) => void;
  readonly close: (reason: string) => void;
}

/** Passwords, wrong signatures and the like. */
const failuresMax = 3;
/** Agents offer each key they hold before they sign with one; more than these are not worth waiting for. */
const offersMax = 6;
const usernameCharactersMax = 100;

/** Lets in who signs with a key of theirs, and nobody else: no passwords, no SHA-1 signatures. */
export function guardLogin(client: Connection, door: Door): void {
  let [failures, offers] = [0, 0];
  let admitted: { principal: SftpPrincipal; keyBase64: string } | undefined;

  const refuse = (context: AuthContext): void => {
    const isOffer = context.method === "none" || (context.method === "publickey" && context.signature === undefined);
    if (isOffer) offers += 1;
    else failures += 1;
    if (failures >= failuresMax || offers > offersMax) door.close("too many tries");
    else context.reject(["publickey"]);
  };

  const decide = async (context: AuthContext): Promise<void> => {
    if (context.method !== "publickey" || !isModern(context)) return refuse(context);
    const keyBase64 = context.key.data.toString("base64");
    const name = context.username;
    const principal = name.length > usernameCharactersMax ? undefined : await door.find(name, keyBase64);
    if (principal === undefined) return refuse(context);
    if (context.signature !== undefined) {
      if (!isSignedBy(context)) return refuse(context);
      admitted = { principal, keyBase64 };
    }
    context.accept();
  };

  client.on("authentication", (context) => {
    decide(context).catch((error: unknown) => door.close(`login failed: ${String(error)}`));
  });
  client.on("ready", () => {
    if (admitted === undefined) door.close("no login");
    else door.admit(admitted.principal, admitted.keyBase64);
  });
}

function isModern(context: PublicKeyAuthContext): boolean {
  // `rsa-sha2-256` and `-512` arrive here as `ssh-rsa` with a hash; without one it is SHA-1.
  return context.key.algo !== "ssh-rsa" || context.hashAlgo !== undefined;
}

function isSignedBy({ key, blob, signature, hashAlgo }: PublicKeyAuthContext): boolean {
  const parsed = ssh2.utils.parseKey(`${key.algo} ${key.data.toString("base64")}`);
  if (parsed instanceof Error || blob === undefined || signature === undefined) return false;
  // `verify` answers an Error, which is truthy, where it cannot tell.
  return parsed.verify(blob, signature, hashAlgo) === true;
}

import ssh2 from "ssh2";
import { hasCode } from "../../../model/errors.ts";
import { parseSshKey } from "../../../model/ssh-key.ts";

export interface KeyPair {
  /** In OpenSSH's format. */
  readonly privateKey: string;
  /** The line of a `.pub` file. */
  readonly publicKey: string;
}

/** Draws an ed25519 key pair. */
export function newKeyPair(comment?: string): KeyPair {
  for (;;) {
    const options = comment === undefined ? {} : { comment };
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519", options);
    try {
      // ssh2 1.17 drops the zero with which one key in 256 begins, and nobody can use what is left: then another is drawn.
      parseSshKey(publicKey);
      return { privateKey, publicKey };
    } catch (error) {
      if (!hasCode(error, "KEY_INVALID")) throw error;
    }
  }
}

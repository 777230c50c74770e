import { printable } from "../../local/cli/text.ts";
import type { MadeAccount } from "./make-account.ts";

/** What was made, and what to do with it; the token is shown this once. */
export function accountText(url: string, made: MadeAccount): string {
  const { account, user, token } = made;
  return [
    `Account ${printable(account.name)} (${account.id}) is open.`,
    ...(user === null ? [] : [`User ${printable(user.name)} (${user.id}), SFTP user name ${user.sftpUsername}`]),
    ...uploadText(made),
    "\nThe account's token, shown this once; these two lines let npm run ws speak for the account:\n",
    `  export WS_URL=${url}`,
    `  export WS_TOKEN=${token}`,
    "\nThen, for example:\n",
    "  npm run ws -- egress        # addresses that the warehouse's firewall must let in",
    "  npm run ws -- connect --help",
    "  npm run ws -- status",
  ].join("\n");
}

function uploadText({ user, keyFingerprint, sftp }: MadeAccount): string[] {
  if (sftp === null) return ["No SFTP endpoint runs here (option sftp)."];
  if (user === null) return [];
  if (keyFingerprint === null) {
    return [
      `No key yet, so ${user.sftpUsername} cannot log in: give --key ~/.ssh/id_ed25519.pub, here or later by the API.`,
    ];
  }
  const hostKey = sftp.hostKeyFingerprint;
  return [
    `Key ${keyFingerprint} lets ${user.sftpUsername} in.`,
    "\nUpload (folders /profiles and /events; answers come in /results):\n",
    `  sftp -P ${sftp.port} ${user.sftpUsername}@${sftp.host}`,
    hostKey === ""
      ? "  its host key is not known here; aws transfer describe-server shows HostKeyFingerprint"
      : `  say yes only if it shows the host key ${hostKey}`,
  ];
}

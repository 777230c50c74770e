import { type LocalSettings, settingVariables } from "./settings.ts";
import type { System } from "./system.ts";

/** What `npm start` says once everything listens. */
export function startUpText(settings: LocalSettings, system: System): string {
  const { url, sftp } = system.endpoint;
  const data = settings.dataFolder;
  const flag = data.endsWith("/.data") ? "" : ` --data ${data}`;
  const ws = `npm run ws --${flag}`;
  return [
    "Warehouse Sync runs.",
    "",
    `  API              ${url}`,
    `  SFTP             sftp://${sftp.host}:${sftp.port}`,
    `  SFTP host key    ${sftp.hostKeyFingerprint} (ED25519)`,
    `  Data             ${data}`,
    `  Private ranges   ${settings.allowedRanges.join(", ") || "none"} (warehouses may lie there; WS_ALLOW_PRIVATE)`,
    `  Operator token   ${tokenText(system, data)}`,
    "",
    "To drop a file, in another terminal:",
    "",
    `  ${ws} account create Acme && ${ws} user create Ada --sftp-username ada`,
    `  ${ws} key add ada ~/.ssh/id_ed25519.pub`,
    `  sftp -P ${sftp.port} ada@${sftp.host}          then: put customers.csv /profiles/`,
    "",
    `To connect a warehouse: ${ws} connect duckdb --set file=warehouse.duckdb`,
    `To look: ${ws} status          To end: Ctrl-C`,
    ...warnings(settings),
  ].join("\n");
}

/** The token itself is shown once, at its making; later its file is named. */
function tokenText(system: System, data: string): string {
  const place = `${data}/operator-token`;
  const { text, isNew } = system.operatorToken;
  return isNew ? `${text}\n                   (shown this once; kept in ${place})` : `in ${place}`;
}

function warnings(settings: LocalSettings): string[] {
  const isLoopback = /^(127\.|::1$|localhost$)/.test(settings.host);
  return [
    ...(isLoopback
      ? []
      : ["", `Warning: ${settings.host} is not loopback, and the API speaks plain HTTP: put TLS before it.`]),
    ...(process.getuid?.() === 0 ? ["", "Warning: this runs as root; a user of its own is safer."] : []),
  ];
}

/** `npm start -- --help`. */
export function helpText(): string {
  const lines = Object.entries(settingVariables).map(
    ([name, [fallback, help]]) => `  ${name.padEnd(18)} ${help} (default: ${fallback})`,
  );
  return [
    "Usage: npm start",
    "",
    "Runs Warehouse Sync on this machine until Ctrl-C.",
    "",
    "Settings, from the environment:",
    ...lines,
  ].join("\n");
}

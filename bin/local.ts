/** `npm start`: the whole system in this process, until Ctrl-C. The one place of the local system that reads the environment. */
import { settingsFrom } from "../lib/local/settings.ts";
import { helpText, startUpText } from "../lib/local/start-up-text.ts";
import { startSystem } from "../lib/local/system.ts";
import { packageVersion } from "../lib/local/version.ts";

// Whoever listened may have gone: that is no reason to fall over.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

const words = process.argv.slice(2);

if (words.includes("--help") || words.includes("-h")) {
  process.stdout.write(`${helpText()}\n`);
} else if (words.length > 0) {
  process.stderr.write(`there is no option ${words.join(" ")}\n\n${helpText()}\n`);
  process.exitCode = 2;
} else {
  await run().catch((error: unknown) => {
    process.stderr.write(`${startFailure(error)}\n`);
    process.exit(1);
  });
}

async function run(): Promise<void> {
  // Also where the data folder was there before, with a mode of its own.
  process.umask(0o077);
  const settings = settingsFrom(process.env);
  const system = await startSystem(settings, { version: packageVersion() });
  process.stdout.write(`${startUpText(settings, system)}\n`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve).once("SIGHUP", resolve);
  });
  process.stdout.write("\nEnding: what runs may take some seconds; what is cut short goes on at the next start.\n");
  await system.close();
  process.exit(0);
}

function startFailure(error: unknown): string {
  const { code, port } = error as { code?: string; port?: number };
  if (code === "EADDRINUSE") return `port ${port} is taken; choose others: WS_HTTP_PORT=0 WS_SFTP_PORT=0 npm start`;
  if (error instanceof Error && ["FolderInUse", "RangeError"].includes(error.name)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

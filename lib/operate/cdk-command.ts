import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Cdk } from "./world.ts";

const require = createRequire(import.meta.url);

/** The `aws-cdk` of this project, run by this very Node, in this terminal. */
export function cdkCommand(environment: Readonly<Record<string, string | undefined>>): Cdk {
  const script = join(dirname(require.resolve("aws-cdk/package.json")), "bin", "cdk");
  return {
    run: async (words, signal) => {
      signal.throwIfAborted();
      const child = spawn(process.execPath, [script, ...words], { stdio: "inherit", env: environment });
      // Ctrl-C reaches the child by the terminal; a signal sent to this process alone is passed on.
      const stop = () => child.kill("SIGINT");
      signal.addEventListener("abort", stop, { once: true });
      try {
        return await new Promise<number>((resolve, reject) => {
          child.once("error", reject);
          child.once("close", (code, killedBy) => resolve(code ?? (killedBy === null ? 1 : 130)));
        });
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
  };
}

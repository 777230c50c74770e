import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { configFrom } from "./config.ts";

const project = resolve(import.meta.dirname, "../..");

/** The installation that the CDK app would build from cdk.json and these options of the command line. Throws `ConfigInvalid`. */
export const installation = {
  installationName: (context: Readonly<Record<string, string>>): string => {
    const { context: written = {} } = JSON.parse(readFileSync(resolve(project, "cdk.json"), "utf8")) as {
      readonly context?: Readonly<Record<string, unknown>>;
    };
    return configFrom({ ...written, ...context }).name;
  },
  assemblyFolder: resolve(project, "cdk.out"),
};

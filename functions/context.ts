import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Deps } from "../lib/flows/deps.ts";
import type { Installation } from "../lib/http/route.ts";
import type { AccountId } from "../lib/model/ids.ts";
import { awsDeps, awsEnvironment } from "../lib/platform/aws/deps.ts";
import type { Environment } from "../lib/platform/aws/environment.ts";
import { ownScratch } from "./scratch.ts";
import { countUnder, logEvent } from "./telemetry.ts";

/** What a function works with: one per process, kept from call to call. */
export interface FunctionContext {
  readonly deps: Deps;
  /** In writers: deps whose credentials reach nothing but one account. */
  readonly forAccount: (accountId: AccountId) => Deps;
  /** What an execution was started with, by its ARN. */
  readonly executionInput: (executionArn: string) => Promise<unknown>;
  readonly environment: Environment;
  readonly installation: Installation;
}

/** Lambda lets a function write to its folder for temporary files alone. */
const scratchRoot = join(tmpdir(), "warehouse-sync");

/** Reads the environment and opens the ports on AWS. Throws where the environment is not the one of `lib/infra`. */
export function openContext(): FunctionContext {
  const environment = awsEnvironment();
  countUnder(environment.WS_NAME);
  const deps = awsDeps(environment, { scratchFolder: ownScratch(scratchRoot), log: logEvent });
  return {
    deps,
    forAccount: (accountId) => deps.forAccount(accountId),
    executionInput: (executionArn) => deps.executionInput(executionArn),
    environment,
    installation: installationOf(environment),
  };
}

/** What the API tells of the installation. */
function installationOf(environment: Environment): Installation {
  return {
    version: environment.WS_VERSION,
    sftp:
      environment.WS_SFTP_HOST === ""
        ? null
        : {
            host: environment.WS_SFTP_HOST,
            port: 22,
            hostKeyFingerprint: environment.WS_SFTP_HOST_KEY_FINGERPRINT,
          },
    egressAddresses: environment.WS_EGRESS_ADDRESSES,
  };
}

import { CallFailed, type Client, type ClientOptions, NotRunning, openClient } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { pause } from "./wait.ts";

const triesMax = 4;
const pauseMs = 1_000;
/** What a gateway answers while it is busy, or has lost sight of what is behind it. */
const passingStatuses = [429, 502, 504];

/** A client that asks again where the answer was lost on the way. Only questions: whatever changes something is sent once. */
export function openPatientClient(options: ClientOptions): Client<Routes> {
  const client = openClient<Routes>(options);
  const signal = options.signal ?? new AbortController().signal;
  return {
    call: async (name, ...request) => {
      for (let tries = 1; ; tries += 1) {
        try {
          return await client.call(name, ...request);
        } catch (error) {
          const isQuestion = name.startsWith("GET ");
          if (!isQuestion || tries === triesMax || !isPassing(error)) throw error;
          await pause(tries * pauseMs, signal);
        }
      }
    },
  };
}

/** That nobody answers at all is a finding: with a system on this machine it does not pass. */
function isPassing(error: unknown): boolean {
  if (error instanceof NotRunning) return codeOf(error) === "ECONNRESET";
  return error instanceof CallFailed && passingStatuses.includes(error.problem.status);
}

function codeOf(error: NotRunning): unknown {
  return ((error.cause as Error | undefined)?.cause as { code?: unknown } | undefined)?.code;
}

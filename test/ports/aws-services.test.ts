import { SFNClient } from "@aws-sdk/client-sfn";
import { awsClient } from "../../lib/platform/aws/clients.ts";
import { openWorkflows } from "../../lib/platform/aws/workflows.ts";
import { systemRandomness } from "../../lib/platform/system-clock.ts";
import { testOptions } from "../support/aws/client.ts";
import { startStatesServer } from "../support/aws/states-server.ts";
import { seededRandomness, windableClock } from "../support/clock.ts";
import { task, writeMachine } from "../support/machines.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { describeWorkflows } from "./workflows-contract.ts";

/** Nobody waits for a second look. */
const patient = { sleep: async () => {} };

describeWorkflows("workflows on Step Functions", async (step) => {
  const folder = tempFolder();
  writeMachine(folder.path, "dispatch", { DoIt: task("TestStep") });
  const server = await startStatesServer({
    folder: folder.path,
    runStep: (_name, input, signal) => step(input, signal),
    files: { get: async () => undefined },
    clock: windableClock(),
    randomness: seededRandomness(),
  });
  const client = awsClient(SFNClient, testOptions(server));
  return {
    workflows: openWorkflows({
      client,
      machinePrefix: server.machinePrefix,
      randomness: systemRandomness,
      clock: patient,
    }),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
});

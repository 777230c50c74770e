import { type Client, openClient } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { OperatorFault } from "../operator-command.ts";
import { stackNames } from "../stack-names.ts";
import { outputKeys } from "../stack-outputs.ts";
import type { Cloud } from "../world.ts";

/** The API with a token of the operator's. `leave` makes a token that was issued for this visit void again. */
export interface OperatorDoor {
  readonly url: string;
  readonly token: string;
  readonly api: Client<Routes>;
  leave(): Promise<void>;
}

/** A token that nobody takes back is void after this. */
const daysValid = 1;
const leavingMs = 30_000;

/**
 * Enters a deployed installation: nobody has a token of the first one's making, but whoever may invoke the function that
 * issues them is the operator.
 */
export async function enterDeployed(
  cloud: Cloud,
  name: string,
  isTokenKept: boolean,
  signal: AbortSignal,
): Promise<OperatorDoor> {
  const { app } = stackNames(name);
  const url = (await cloud.outputs(app))?.[outputKeys.api];
  if (url === undefined)
    throw new OperatorFault(
      `there is no stack ${app} here`,
      "npm run deploy, or name another place: --region, --profile, -c name=…",
    );
  const issuer = `${name}-issue-operator-token`;
  const issued = (await cloud.invoke(issuer, isTokenKept ? {} : { daysValid }, signal)) as {
    readonly tokenId: string;
    readonly text: string;
  };
  return {
    ...enter(url, issued.text, signal),
    leave: async () => {
      // Also after an interrupt: the signal of the command may be aborted.
      if (!isTokenKept) await cloud.invoke(issuer, { revoke: issued.tokenId }, AbortSignal.timeout(leavingMs));
    },
  };
}

/** Enters any installation whose address and token the operator has, one on this machine included. */
export function enter(url: string, token: string, signal: AbortSignal): OperatorDoor {
  return { url, token, api: openClient<Routes>({ url, token, signal }), leave: async () => {} };
}

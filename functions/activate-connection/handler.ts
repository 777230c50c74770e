import { ActivateConnectionRequest, activateConnection } from "../../lib/flows/connections/activate-connection.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(ActivateConnectionRequest, activateConnection);

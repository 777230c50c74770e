import { StartDueSyncsRequest, startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(StartDueSyncsRequest, startDueSyncs);

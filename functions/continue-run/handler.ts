import { ContinueRunRequest, continueRun } from "../../lib/flows/sync/continue-run.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(ContinueRunRequest, continueRun);

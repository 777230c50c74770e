import { FinishRunRequest, finishRun } from "../../lib/flows/sync/finish-run.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(FinishRunRequest, finishRun);

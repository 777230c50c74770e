import { FailRunRequest, failRun } from "../../lib/flows/sync/fail-run.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(FailRunRequest, failRun);

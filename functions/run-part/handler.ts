import { RunPartRequest, runPart } from "../../lib/flows/consolidate/run-part.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(RunPartRequest, runPart);

import { PrepareCutRequest, prepareCut } from "../../lib/flows/connections/prepare-cut.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(PrepareCutRequest, prepareCut);

import { FailConsolidationRequest, failConsolidation } from "../../lib/flows/consolidate/close-consolidation.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(FailConsolidationRequest, failConsolidation);

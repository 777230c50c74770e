import { AdvanceRoundRequest, advanceRound } from "../../lib/flows/consolidate/advance-round.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(AdvanceRoundRequest, advanceRound);

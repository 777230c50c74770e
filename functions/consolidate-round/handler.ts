import { ConsolidateRoundRequest, consolidateRound } from "../../lib/flows/consolidate/consolidate-round.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(ConsolidateRoundRequest, consolidateRound);

import { ParseRangeRequest, parseRange } from "../../lib/flows/import/parse-range.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(ParseRangeRequest, parseRange);

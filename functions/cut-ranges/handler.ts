import { CutRangesRequest, cutRanges } from "../../lib/flows/import/cut-ranges.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(CutRangesRequest, cutRanges);

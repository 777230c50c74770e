import { ScanRangeRequest, scanRange } from "../../lib/flows/import/scan-range.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(ScanRangeRequest, scanRange);

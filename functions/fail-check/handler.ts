import { EndCheckRequest, failCheck } from "../../lib/flows/connections/end-check.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(EndCheckRequest, failCheck);

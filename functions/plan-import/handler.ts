import { PlanImportRequest, planImport } from "../../lib/flows/import/plan-import.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(PlanImportRequest, planImport);

import { FailImportRequest, failImport } from "../../lib/flows/import/fail-import.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(FailImportRequest, failImport);

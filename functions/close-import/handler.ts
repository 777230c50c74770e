import { CloseImportRequest, closeImport } from "../../lib/flows/import/close-import.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(CloseImportRequest, closeImport);

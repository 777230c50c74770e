import { PublishImportRequest, publishImport } from "../../lib/flows/import/publish-import.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(PublishImportRequest, publishImport);

import { ListFilesRequest, listFiles } from "../../lib/flows/sync/list-files.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(ListFilesRequest, listFiles);

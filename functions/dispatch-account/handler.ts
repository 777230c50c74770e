import { DispatchAccountRequest, dispatchAccount } from "../../lib/flows/dispatch/dispatch-account.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(DispatchAccountRequest, dispatchAccount);

import { ListDueAccountsRequest, listDueAccounts } from "../../lib/flows/dispatch/list-due-accounts.ts";
import { stepHandler } from "../step-handler.ts";

export const handler = stepHandler(ListDueAccountsRequest, listDueAccounts);

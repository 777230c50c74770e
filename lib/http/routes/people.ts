import * as z from "zod";
import { AddKeyRequest, addKey } from "../../flows/accounts/add-key.ts";
import { CreateAccountRequest, createAccount } from "../../flows/accounts/create-account.ts";
import { createToken } from "../../flows/accounts/create-token.ts";
import { CreateUserRequest, createUser } from "../../flows/accounts/create-user.ts";
import { getAccount } from "../../flows/accounts/get-account.ts";
import { listAccounts } from "../../flows/accounts/list-accounts.ts";
import { listKeys } from "../../flows/accounts/list-keys.ts";
import { listTokens } from "../../flows/accounts/list-tokens.ts";
import { listUsers } from "../../flows/accounts/list-users.ts";
import { removeAccount } from "../../flows/accounts/remove-account.ts";
import { removeKey } from "../../flows/accounts/remove-key.ts";
import { accountIdSchema, keyIdSchema, tokenIdSchema, userIdSchema } from "../../flows/accounts/requests.ts";
import { revokeToken } from "../../flows/accounts/revoke-token.ts";
import { Paging, pageView } from "../paging.ts";
import { accountRoute, operatorRoute } from "../route.ts";
import { accountView, keyView, tokenView, userView } from "../views/people.ts";

const OfAccount = z.strictObject({ accountId: accountIdSchema });
const OfUser = z.strictObject({ userId: userIdSchema });
const NewToken = z.strictObject({
  /** Whose name stands beside what is sent with it. */
  userId: userIdSchema.optional(),
  daysValid: z.int().min(1).max(3_650).optional(),
});

/** Accounts, users, tokens and SSH keys. */
export const peopleRoutes = {
  "POST /accounts": operatorRoute({
    summary: "Opens an account.",
    status: 201,
    body: CreateAccountRequest,
    run: async ({ deps, signal }, { body }) => accountView(await createAccount(deps, body, signal)),
  }),
  "GET /accounts": operatorRoute({
    summary: "Lists the accounts, oldest first.",
    query: Paging,
    run: async ({ deps, signal }, { query }) => pageView(await listAccounts(deps, query, signal), accountView),
  }),
  "DELETE /accounts/{accountId}": operatorRoute({
    summary:
      "Removes an account: tokens and SFTP logins are void at once, files and records go within a day. Its connection must be removed first.",
    status: 204,
    params: OfAccount,
    run: async ({ deps, signal }, { params }) => removeAccount(deps, params, signal),
  }),
  "POST /accounts/{accountId}/users": operatorRoute({
    summary: "Adds a person to an account.",
    status: 201,
    params: OfAccount,
    body: CreateUserRequest.omit({ accountId: true }),
    run: async ({ deps, signal }, { params, body }) => userView(await createUser(deps, { ...params, ...body }, signal)),
  }),
  "GET /accounts/{accountId}/users": operatorRoute({
    summary: "Lists the people of an account.",
    params: OfAccount,
    query: Paging,
    run: async ({ deps, signal }, { params, query }) =>
      pageView(await listUsers(deps, { ...params, ...query }, signal), userView),
  }),
  "POST /accounts/{accountId}/tokens": operatorRoute({
    summary: "Issues a token for an account; its text is shown this once.",
    status: 201,
    params: OfAccount,
    body: NewToken,
    run: async ({ deps, signal }, { params, body }) => {
      const issued = await createToken(deps, { scope: "account", ...params, ...body }, signal);
      return { ...tokenView(issued.token), text: issued.text };
    },
  }),
  "GET /accounts/{accountId}/tokens": operatorRoute({
    summary: "Lists the valid tokens of an account, without their texts.",
    params: OfAccount,
    query: Paging,
    run: async ({ deps, signal }, { params, query }) =>
      pageView(await listTokens(deps, { ...params, ...query }, signal), tokenView),
  }),
  "DELETE /accounts/{accountId}/tokens/{tokenId}": operatorRoute({
    summary: "Makes a token void at once.",
    status: 204,
    params: OfAccount.extend({ tokenId: tokenIdSchema }),
    run: async ({ deps, signal }, { params }) => revokeToken(deps, params, signal),
  }),
  "GET /account": accountRoute({
    summary: "Shows the account of the token.",
    run: async ({ deps, accountId, signal }) => accountView(await getAccount(deps, { accountId }, signal)),
  }),
  "GET /users": accountRoute({
    summary: "Lists the people of the account.",
    query: Paging,
    run: async ({ deps, accountId, signal }, { query }) =>
      pageView(await listUsers(deps, { accountId, ...query }, signal), userView),
  }),
  "POST /users/{userId}/keys": accountRoute({
    summary: "Adds an SSH key to a user.",
    status: 201,
    params: OfUser,
    body: AddKeyRequest.omit({ accountId: true, userId: true }),
    run: async ({ deps, accountId, signal }, { params, body }) =>
      keyView(await addKey(deps, { accountId, ...params, ...body }, signal)),
  }),
  "GET /users/{userId}/keys": accountRoute({
    summary: "Lists the SSH keys of a user.",
    params: OfUser,
    run: async ({ deps, accountId, signal }, { params }) =>
      pageView({ items: await listKeys(deps, { accountId, ...params }, signal) }, keyView),
  }),
  "DELETE /users/{userId}/keys/{keyId}": accountRoute({
    summary: "Removes an SSH key and ends the sessions that came by it.",
    status: 204,
    params: OfUser.extend({ keyId: keyIdSchema }),
    run: async ({ deps, accountId, signal }, { params }) => removeKey(deps, { accountId, ...params }, signal),
  }),
};

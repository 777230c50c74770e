import { describe, expect, test } from "vitest";
import { answerEvent } from "../../functions/answer-call/answer-event.ts";
import { authorize } from "../../functions/authorize-call/authorize.ts";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { createToken, type IssuedToken } from "../../lib/flows/accounts/create-token.ts";
import { revokeToken } from "../../lib/flows/accounts/revoke-token.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { type AccountRig, accountRig, anySignal } from "../support/account-rig.ts";
import { type ApiCall, apiEvent } from "../support/aws/api-event.ts";

const methodArn = "arn:aws:execute-api:eu-central-1:111122223333:abcdef1234/v1/GET/connections";
const installation = { version: "1.2.3", sftp: null, egressAddresses: [] };

/** What the client sees of a call that the authoriser let through. */
async function called(deps: Deps, call: ApiCall) {
  const { statusCode, headers, body } = await answerEvent(
    { deps, installation, signal: anySignal },
    apiEvent(call),
    anySignal,
  );
  return { status: statusCode, type: headers?.["content-type"], body: body === "" ? null : JSON.parse(body) };
}

function authorised(deps: Deps, { text }: IssuedToken) {
  return authorize(deps, { authorizationToken: `Bearer ${text}`, methodArn }, anySignal);
}

/** What the authoriser leaves in the event for a new token of the operator. */
async function operatorsContext(deps: Deps) {
  return (await authorised(deps, await createToken(deps, { scope: "operator" }, anySignal))).context ?? {};
}

async function accountToken(rig: AccountRig) {
  const account = await createAccount(rig.deps, { name: "Ada Ltd" }, anySignal);
  return { account, token: await createToken(rig.deps, { scope: "account", accountId: account.id }, anySignal) };
}

describe("the authoriser", () => {
  test("lets a token into the whole stage and tells the function whose it is", async () => {
    using rig = accountRig();
    const { account, token } = await accountToken(rig);

    const answer = await authorised(rig.deps, token);

    expect(answer.policyDocument.Statement).toEqual([
      {
        Effect: "Allow",
        Action: "execute-api:Invoke",
        Resource: "arn:aws:execute-api:eu-central-1:111122223333:abcdef1234/v1/*",
      },
    ]);
    expect(answer.context).toEqual({ tokenId: token.token.id, scope: "account", accountId: account.id });
  });

  test.each(["", "Bearer", "Basic YTpi", "Bearer nobody", "Bearer a b", `Bearer ${"x".repeat(2_000)}`])(
    "answers 401 to %j, and says nothing else",
    async (authorizationToken) => {
      using rig = accountRig();

      const refused = authorize(rig.deps, { authorizationToken, methodArn }, anySignal);

      await expect(refused).rejects.toMatchObject({ name: "Unauthorized", message: "Unauthorized" });
    },
  );

  test("refuses a token from the moment it is revoked", async () => {
    using rig = accountRig();
    const token = await createToken(rig.deps, { scope: "operator" }, anySignal);
    await authorised(rig.deps, token);

    await revokeToken(rig.deps, { accountId: null, tokenId: token.token.id }, anySignal);

    await expect(authorised(rig.deps, token)).rejects.toThrow("Unauthorized");
  });

  test("does not take a broken store for a wrong token", async () => {
    using rig = accountRig();
    const token = await createToken(rig.deps, { scope: "operator" }, anySignal);
    const table = { ...rig.deps.table, get: async () => Promise.reject(new Error("the store is down")) };

    const refused = authorised({ ...rig.deps, clock: rig.clock, table }, token);

    await expect(refused).rejects.toThrow("the store is down");
  });
});

describe("a call through API Gateway", () => {
  test("is answered as the local server answers it", async () => {
    using rig = accountRig();
    const authorizer = await operatorsContext(rig.deps);

    const made = await called(rig.deps, { route: "POST /accounts", body: { name: "Ada Ltd" }, authorizer });
    const listed = await called(rig.deps, { route: "GET /accounts", query: { limit: ["1", "2"] }, authorizer });

    expect(made).toMatchObject({ status: 201, type: "application/json", body: { name: "Ada Ltd" } });
    expect(listed.body.items).toEqual([made.body]);
  });

  test("may come as base64", async () => {
    using rig = accountRig();
    const authorizer = await operatorsContext(rig.deps);

    const made = await called(rig.deps, {
      route: "POST /accounts",
      body: { name: "Größe" },
      isBase64: true,
      authorizer,
    });

    expect(made.body).toMatchObject({ name: "Größe" });
  });

  test("with an account's token does not reach the operator's routes", async () => {
    using rig = accountRig();
    const { token } = await accountToken(rig);
    const authorizer = (await authorised(rig.deps, token)).context ?? {};

    const answer = await called(rig.deps, { route: "GET /accounts", authorizer });

    expect(answer).toMatchObject({ status: 403, type: "application/problem+json", body: { code: "FORBIDDEN" } });
  });

  test("that passed no authoriser is nobody's", async () => {
    using rig = accountRig();

    const answer = await called(rig.deps, { route: "GET /accounts" });

    expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED" } });
  });

  test("of a route that needs no token needs none", async () => {
    using rig = accountRig();

    const answer = await called(rig.deps, { route: "GET /health", headers: { Authorization: "" } });

    expect(answer.status).toBe(200);
  });

  test("of no route is not found", async () => {
    using rig = accountRig();

    const answer = await called(rig.deps, { route: "GET /constructor" });

    expect(answer).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  test.each([
    ["a body that is too large", { body: "x".repeat(1_048_577) }, 413],
    ["a body that is no JSON", { body: "{" }, 400],
    [
      "a body of another type",
      { body: "a=b", headers: { "content-type": "text/plain", "Content-Type": "text/plain" } },
      415,
    ],
    ["fields that are not valid", { body: { name: "" } }, 422],
  ])("with %s is refused in our words", async (_what, given, status) => {
    using rig = accountRig();
    const authorizer = await operatorsContext(rig.deps);

    const answer = await called(rig.deps, { route: "POST /accounts", authorizer, ...given });

    expect(answer).toMatchObject({ status, type: "application/problem+json" });
  });

  test("is logged without its token, query or body", async () => {
    using rig = accountRig();
    const operator = await createToken(rig.deps, { scope: "operator" }, anySignal);
    const authorizer = (await authorised(rig.deps, operator)).context ?? {};

    await called(rig.deps, {
      route: "POST /accounts",
      query: { q: ["secret-query"] },
      body: { name: "secret-name" },
      headers: { Authorization: `Bearer ${operator.text}` },
      authorizer,
    });

    const logged = JSON.stringify(rig.events);
    expect(logged).toContain(operator.token.id);
    for (const secret of [operator.text, "secret-query", "secret-name"]) expect(logged).not.toContain(secret);
  });
});

import { describe, expect, test } from "vitest";
import { issueToken, TokenOrder } from "../../functions/issue-operator-token/issue-token.ts";
import { authenticate } from "../../lib/flows/accounts/authenticate.ts";
import { accountRig, anySignal } from "../support/account-rig.ts";

describe("the function that issues operators' tokens", () => {
  test("answers a token that works, once per call", async () => {
    using rig = accountRig();

    const one = await issueToken(rig.deps, TokenOrder.parse({}), anySignal);
    const other = await issueToken(rig.deps, TokenOrder.parse({ daysValid: 1 }), anySignal);

    if (!("text" in one && "text" in other)) throw new Error("no token was issued");
    expect(one.text).not.toBe(other.text);
    expect(await authenticate(rig.deps, { text: one.text }, anySignal)).toMatchObject({
      scope: "operator",
      tokenId: one.tokenId,
    });
  });

  test("makes one void", async () => {
    using rig = accountRig();
    const issued = await issueToken(rig.deps, {}, anySignal);
    if (!("text" in issued)) throw new Error("no token was issued");

    const answer = await issueToken(rig.deps, TokenOrder.parse({ revoke: issued.tokenId }), anySignal);

    expect(answer).toEqual({ revoked: issued.tokenId });
    await expect(authenticate(rig.deps, { text: issued.text }, anySignal)).rejects.toMatchObject({
      code: "UNAUTHORIZED",
    });
  });

  test.each([{ revoke: "nobody" }, { scope: "account" }, { daysValid: 0 }, []])("refuses %j", (order) => {
    expect(TokenOrder.safeParse(order).success).toBe(false);
  });
});

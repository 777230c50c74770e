import { expect, test } from "vitest";
import { authenticate } from "../../lib/flows/accounts/authenticate.ts";
import { createToken } from "../../lib/flows/accounts/create-token.ts";
import { ensureOperatorToken, proposeOperatorToken } from "../../lib/flows/accounts/ensure-operator-token.ts";
import { listTokens } from "../../lib/flows/accounts/list-tokens.ts";
import { revokeToken } from "../../lib/flows/accounts/revoke-token.ts";
import type { TokenId, UserId } from "../../lib/model/ids.ts";
import { dayMs } from "../../lib/model/time.ts";
import { systemRandomness } from "../../lib/platform/system-clock.ts";
import { accountRig, anySignal, someUser } from "../support/account-rig.ts";

const unauthorized = { code: "UNAUTHORIZED" };

test("a token speaks for its account and user", async () => {
  using rig = accountRig();
  const { accountId, id: userId } = await someUser(rig.deps);

  const { text, token } = await createToken(rig.deps, { scope: "account", accountId, userId }, anySignal);

  expect(await authenticate(rig.deps, { text }, anySignal)).toEqual({
    tokenId: token.id,
    scope: "account",
    accountId,
    userId,
  });
});

test("a token's text is nowhere in the table", async () => {
  using rig = accountRig();
  const { accountId } = await someUser(rig.deps);

  const { text, token } = await createToken(rig.deps, { scope: "account", accountId }, anySignal);

  const stored = [
    await rig.deps.table.get({ pk: `tokens/${token.id}`, sk: "token" }),
    await rig.deps.table.get({ pk: `account/${accountId}/`, sk: `token/${token.id}` }),
  ];
  expect(JSON.stringify(stored)).toContain(token.id);
  expect(JSON.stringify(stored)).not.toContain(text.split("_")[2]);
});

test("a wrong, garbled or foreign text is unauthorized", async () => {
  using rig = accountRig();
  const { accountId } = await someUser(rig.deps);
  const { text } = await createToken(rig.deps, { scope: "account", accountId }, anySignal);
  const other = proposeOperatorToken(systemRandomness);

  for (const wrong of ["", "ws_", text.slice(0, -1), `${text}x`, `${text.slice(0, -2)}zz`, text.toUpperCase(), other]) {
    await expect(authenticate(rig.deps, { text: wrong }, anySignal), wrong).rejects.toMatchObject(unauthorized);
  }
});

test("a token ends with its days", async () => {
  using rig = accountRig();
  const { text } = await createToken(rig.deps, { scope: "operator", daysValid: 1 }, anySignal);

  rig.clock.wind(dayMs - 1);
  await authenticate(rig.deps, { text }, anySignal);
  rig.clock.wind(1);

  await expect(authenticate(rig.deps, { text }, anySignal)).rejects.toMatchObject(unauthorized);
  expect((await listTokens(rig.deps, { accountId: null }, anySignal)).items).toEqual([]);
});

test("a revoked token is void at once", async () => {
  using rig = accountRig();
  const { accountId } = await someUser(rig.deps);
  const { text, token } = await createToken(rig.deps, { scope: "account", accountId }, anySignal);

  await revokeToken(rig.deps, { accountId, tokenId: token.id }, anySignal);

  await expect(authenticate(rig.deps, { text }, anySignal)).rejects.toMatchObject(unauthorized);
  expect((await listTokens(rig.deps, { accountId }, anySignal)).items).toEqual([]);
});

test("an account revokes and lists its own tokens only", async () => {
  using rig = accountRig();
  const [ada, bob] = [await someUser(rig.deps), await someUser(rig.deps)];
  const { text, token } = await createToken(rig.deps, { scope: "account", accountId: ada.accountId }, anySignal);

  const foreign = revokeToken(rig.deps, { accountId: bob.accountId, tokenId: token.id }, anySignal);

  await expect(foreign).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await listTokens(rig.deps, { accountId: bob.accountId }, anySignal)).items).toEqual([]);
  expect((await listTokens(rig.deps, { accountId: ada.accountId }, anySignal)).items).toEqual([token]);
  await authenticate(rig.deps, { text }, anySignal);
});

test("a token for a user of another account is refused", async () => {
  using rig = accountRig();
  const [ada, bob] = [await someUser(rig.deps), await someUser(rig.deps)];

  const crossed = { scope: "account", accountId: ada.accountId, userId: bob.id as UserId } as const;

  await expect(createToken(rig.deps, crossed, anySignal)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("the first operator token is registered once, however often the first start is cut short", async () => {
  using rig = accountRig();
  const text = proposeOperatorToken(systemRandomness);

  const answers = [
    await ensureOperatorToken(rig.deps, { text }, anySignal),
    await ensureOperatorToken(rig.deps, { text }, anySignal),
    await ensureOperatorToken(rig.deps, { text: proposeOperatorToken(systemRandomness) }, anySignal),
  ];

  expect(answers).toEqual([true, true, false]);
  expect(await authenticate(rig.deps, { text }, anySignal)).toMatchObject({ scope: "operator", accountId: null });
  expect((await listTokens(rig.deps, { accountId: null }, anySignal)).items).toHaveLength(1);
});

test("a revoked first token stays revoked at the next start", async () => {
  using rig = accountRig();
  const text = proposeOperatorToken(systemRandomness);
  await ensureOperatorToken(rig.deps, { text }, anySignal);
  await revokeToken(rig.deps, { accountId: null, tokenId: text.split("_")[1] as TokenId }, anySignal);

  await ensureOperatorToken(rig.deps, { text }, anySignal);

  await expect(authenticate(rig.deps, { text }, anySignal)).rejects.toMatchObject(unauthorized);
});

import * as z from "zod";
import type { User } from "../../model/account.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountId, UserId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { ConditionFailed } from "../ports.ts";
import { newUser, requireAccount, userById, userBySftpName } from "../store/accounts.ts";
import { accountIdSchema, nameSchema, newId, requestIdSchema } from "./requests.ts";

/** As AWS Transfer Family takes them, `root` aside: https://docs.aws.amazon.com/transfer/latest/userguide/API_CreateUser.html */
const sftpUsernameSchema = z
  .string()
  .regex(/^\w[\w@.-]{2,99}$/, { error: "3 to 100 letters, digits, _ @ . - and no @ . - in front" })
  .refine((name) => name.toLowerCase() !== "root", { error: "is never given away" });

export const CreateUserRequest = z.strictObject({
  accountId: accountIdSchema,
  name: nameSchema,
  /** @default `<account>_<user>`, six characters of each id */
  sftpUsername: sftpUsernameSchema.optional(),
  requestId: requestIdSchema,
});

/** Characters of each id in a default SFTP name; more are taken only when a name is taken already. */
const defaultNameLengths = [6, 10, 14] as const;

/** Adds a person to an account. A repeat with the same `requestId` answers the first one. */
export async function createUser(
  deps: Pick<Deps, "table" | "clock" | "randomness" | "sftpUsers">,
  request: z.infer<typeof CreateUserRequest>,
  _signal: AbortSignal,
): Promise<User> {
  await requireAccount(deps.table, request.accountId);
  const id = newId<UserId>(deps.randomness, "user", request.requestId, request.accountId);
  const user =
    (await userById(deps.table, request.accountId, id)) ??
    (await storeUnderFreeName(deps, request, {
      id,
      accountId: request.accountId,
      name: request.name,
      createdAt: deps.clock.now(),
    }));
  await deps.sftpUsers.createUser(user);
  return user;
}

async function storeUnderFreeName(
  deps: Pick<Deps, "table">,
  request: z.infer<typeof CreateUserRequest>,
  nameless: Omit<User, "sftpUsername">,
): Promise<User> {
  for (const sftpUsername of candidateNames(request.sftpUsername, nameless.accountId, nameless.id)) {
    const user: User = { ...nameless, sftpUsername };
    try {
      await deps.table.transact(newUser(user));
      return user;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const holder = await userBySftpName(deps.table, sftpUsername);
      if (holder?.id === user.id) return holder;
    }
  }
  throw new SyncError("STATE_CONFLICT", {
    message: `The SFTP name ${request.sftpUsername ?? ""} is taken; choose another.`,
  });
}

function candidateNames(asked: string | undefined, accountId: AccountId, userId: UserId): readonly string[] {
  if (asked !== undefined) return [asked];
  return defaultNameLengths.map((length) => `${accountId.slice(2, 2 + length)}_${userId.slice(2, 2 + length)}`);
}

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Files } from "../../lib/flows/ports.ts";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import type { User } from "../../lib/model/account.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { uploadPlaceOf } from "../../lib/platform/embedded/sftp/places.ts";
import {
  finishMoves,
  removeUpload,
  renameUpload,
  storeUpload,
  type UploadDesk,
} from "../../lib/platform/embedded/sftp/uploads.ts";
import { UserTree } from "../../lib/platform/embedded/sftp/user-tree.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { accountRig, someUser } from "../support/account-rig.ts";

const csv = "Email\nada@example.com\n";
const pointsMax = 40;

/** Every effect of a request, cut before and after; then a new start, and the hands of the importer. */
describe.each(["before", "after"] as const)("killed %s any effect", (side) => {
  test("a rename of a waiting upload imports one name, whole", async () => {
    const rename: Request = (world, desk) =>
      renameUpload(desk, world.owner, world.tree, world.file, uploadPlaceOf("/events/b.csv"));

    const outcomes = await killEverywhere({ side, path: "/events/a.csv", isAskedAgain: false }, rename);

    for (const imported of outcomes) expect([["/events/a.csv"], ["/events/b.csv"]]).toContainEqual(imported);
    expect(outcomes.at(-1)).toEqual(["/events/b.csv"]);
  });

  test("a rename from a temporary name can be asked for again, and imports the final name alone", async () => {
    const path = "/events/a.csv.filepart";
    const rename: Request = async (world, desk) => {
      const file = await world.tree.file({ folder: "events", below: ["a.csv.filepart"] });
      if (file !== undefined) await renameUpload(desk, world.owner, world.tree, file, uploadPlaceOf("/events/a.csv"));
    };

    const outcomes = await killEverywhere({ side, path, isAskedAgain: true }, rename);

    for (const imported of outcomes) expect(new Set(imported)).toEqual(new Set(["/events/a.csv"]));
  });

  test("a removal can be asked for again, and imports nothing", async () => {
    const remove: Request = async (world, desk) => {
      const file = await world.tree.file({ folder: "events", below: ["a.csv"] });
      if (file !== undefined) await removeUpload(desk, world.owner, file);
    };

    const outcomes = await killEverywhere({ side, path: "/events/a.csv", isAskedAgain: true }, remove);

    for (const imported of outcomes) expect(imported).toEqual([]);
  });
});

test("a rename that an import forestalls leaves no trace for the next start", async () => {
  await using world = await someWorld("/events/a.csv");
  const desk = { ...world.desk(), withdraw: async () => false };

  const renamed = renameUpload(desk, world.owner, world.tree, world.file, uploadPlaceOf("/events/b.csv"));

  await expect(renamed).rejects.toMatchObject({ status: "PERMISSION_DENIED" });
  await finishMoves(world.desk());
  expect(await world.imported()).toEqual(["/events/a.csv"]);
});

type World = Awaited<ReturnType<typeof someWorld>>;
type Request = (world: World, desk: UploadDesk) => Promise<void>;
type Side = "before" | "after";

/** Runs `request` with a kill at each effect in turn until one run has none left; answers what was imported after each. */
async function killEverywhere(
  how: { readonly side: Side; readonly path: string; readonly isAskedAgain: boolean },
  request: Request,
): Promise<string[][]> {
  const outcomes: string[][] = [];
  for (let point = 1; point <= pointsMax; point += 1) {
    await using world = await someWorld(how.path);
    const killer = { effects: 0, killAt: point, side: how.side };
    const isAlive = await request(world, killing(world.desk(), killer)).then(
      () => true,
      () => false,
    );
    await finishMoves(world.desk());
    if (!isAlive && how.isAskedAgain) await request(world, world.desk());
    outcomes.push(await world.imported());
    if (isAlive) return outcomes;
  }
  throw new Error("the request never got through");
}

class Killed extends Error {}

/** Lets `killAt - 1` effects pass; at the next one, and at all later ones, the process is dead. */
function killing(desk: UploadDesk, killer: { effects: number; killAt: number; side: Side }): UploadDesk {
  const through = async <T>(work: () => Promise<T>): Promise<T> => {
    killer.effects += 1;
    if (killer.effects > killer.killAt) throw new Killed();
    if (killer.effects === killer.killAt && killer.side === "before") throw new Killed();
    const answer = await work();
    if (killer.effects === killer.killAt) throw new Killed();
    return answer;
  };
  const files = new Proxy(desk.files, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...given: unknown[]) => through(async () => Reflect.apply(method, target, given));
    },
  }) as Files;
  return {
    ...desk,
    files,
    onUpload: (upload) => through(() => desk.onUpload(upload)),
    withdraw: (upload) => through(() => desk.withdraw(upload)),
  };
}

/** A user with one upload that waits, and an importer that claims and takes each version once. */
async function someWorld(path: string) {
  const rig = accountRig();
  const files = openFiles(join(rig.folder, "files"), { clock: systemClock });
  const user: User = await someUser(rig.deps);
  const owner = { accountId: user.accountId, userId: user.id };
  const withdrawn = new Set<string>();
  const desk = (): UploadDesk => ({
    files,
    onUpload: async () => undefined,
    withdraw: async ({ key, version }) => withdrawn.add(`${key} ${version}`).size > 0,
    log: () => undefined,
  });
  const tree = new UserTree(files, user, new Set());
  const place = uploadPlaceOf(path);
  writeFileSync(join(rig.folder, "body"), csv);
  await storeUpload(desk(), owner, tree.uploadKey(place), join(rig.folder, "body"));
  const file = await tree.file({ folder: place.folder, below: place.name.split("/") });
  if (file === undefined) throw new Error("the upload is not there");
  return {
    desk,
    owner,
    tree,
    file,
    /** What the importer's sweep would take now: the names of all versions in the inbox that are not withdrawn. */
    imported: async () => {
      const prefix = fileKeys.inbox(user.accountId, user.id, "").slice(0, -1);
      const waiting = (await files.versions("inbox/")).filter((one) => !withdrawn.has(`${one.key} ${one.version}`));
      for (const { key, version } of waiting) {
        expect(new TextDecoder().decode(await files.get(key, { version }))).toBe(csv);
      }
      return waiting.map(({ key }) => key.slice(prefix.length));
    },
    [Symbol.asyncDispose]: async () => rig[Symbol.dispose](),
  };
}

import { describe, expect, test } from "vitest";
import { acceptAnnounced } from "../../functions/accept-upload/accept-announced.ts";
import { announcementIn } from "../../functions/accept-upload/announcement.ts";
import { eachMessage } from "../../functions/accept-upload/batch.ts";
import { importIdOf } from "../../lib/flows/store/imports.ts";
import { anySignal } from "../support/account-rig.ts";
import { objectCreated, renameCompleted, sqsEvent, uploadCompleted } from "../support/aws/events.ts";
import { bareDeps } from "../support/bare-deps.ts";
import { type ImportRig, type ImportRigOptions, importRig } from "../support/import-rig.ts";

const bucket = "uploads";
const csv = "external_id,email\n1,ada@example.com\n";

/** As with an SFTP endpoint: the presence of an object says nothing. */
const rigWithSftp = (given: ImportRigOptions["given"] = {}) =>
  importRig({ given: { uploadsAreWhole: false, ...given } });

const announce = (rig: ImportRig, message: string) => acceptAnnounced(rig.deps, bucket, message, anySignal);

describe("an upload that the SFTP endpoint announces", () => {
  test("is imported, in the version that has as many bytes", async () => {
    using rig = await rigWithSftp();
    const { key, version } = await rig.put("profiles/a.csv", csv);
    await rig.put("profiles/a.csv", `${csv}2,bob@example.com\n`);

    await announce(rig, uploadCompleted(bucket, key, csv.length));

    expect(await rig.record(importIdOf(key, version))).toMatchObject({ name: "a.csv", completenessConfirmed: true });
  });

  test("is left to the object's own event where no version has as many bytes", async () => {
    using rig = await rigWithSftp();
    const { key } = await rig.put("profiles/a.csv", csv);

    await announce(rig, uploadCompleted(bucket, key, csv.length + 1));

    expect(rig.events).toContainEqual(expect.objectContaining({ event: "upload-left-alone", key }));
  });

  test("under a temporary name waits until it is renamed", async () => {
    using rig = await rigWithSftp();
    const part = await rig.put("profiles/a.csv.filepart", csv);
    await announce(rig, uploadCompleted(bucket, part.key, csv.length));
    const { key, version } = await rig.put("profiles/a.csv", csv);

    await announce(rig, renameCompleted(bucket, part.key, key));

    expect(await rig.record(importIdOf(key, version))).toMatchObject({ completenessConfirmed: true });
    await expect(rig.record(importIdOf(part.key, part.version))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("an object that S3 announces", () => {
  test("is imported with its completeness unconfirmed where there is an SFTP endpoint", async () => {
    using rig = await rigWithSftp();
    const { key, version } = await rig.put("events/e.csv", csv);

    await announce(rig, objectCreated(bucket, key, version, csv.length));

    expect(await rig.record(importIdOf(key, version))).toMatchObject({ completenessConfirmed: false });
  });

  test("is whole where nothing but whole objects can appear", async () => {
    using rig = await importRig({ given: { uploadsAreWhole: true } });
    const { key, version } = await rig.put("events/e.csv", csv);

    await announce(rig, objectCreated(bucket, key, version, csv.length));

    expect(await rig.record(importIdOf(key, version))).toMatchObject({ completenessConfirmed: true });
  });

  test("after its upload was announced changes nothing", async () => {
    using rig = await rigWithSftp();
    const { key, version } = await rig.put("profiles/a.csv", csv);
    await announce(rig, uploadCompleted(bucket, key, csv.length));

    await announce(rig, objectCreated(bucket, key, version, csv.length));

    expect(await rig.record(importIdOf(key, version))).toMatchObject({ completenessConfirmed: true });
  });

  test("is left alone where its client broke off", async () => {
    using rig = await rigWithSftp({ isPartialUpload: async () => true });
    const { key, version } = await rig.put("profiles/a.csv", csv);

    await announce(rig, objectCreated(bucket, key, version, csv.length));

    await expect(rig.record(importIdOf(key, version))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test.each(["archive/x/y/profiles/a.csv", "inbox/nobody/nobody/profiles/a.csv", "inbox"])(
    "is nobody's upload under %s",
    async (key) => {
      using rig = await rigWithSftp();

      await announce(rig, objectCreated(bucket, key, "v1", 1));

      expect(rig.events).toContainEqual(expect.objectContaining({ event: "upload-left-alone", key }));
    },
  );

  test("in a bucket that is not ours is left alone", async () => {
    using rig = await rigWithSftp();
    const { key, version } = await rig.put("profiles/a.csv", csv);

    await announce(rig, objectCreated("elsewhere", key, version, csv.length));

    await expect(rig.record(importIdOf(key, version))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

test("keys are taken as they are: what looks like an escape is part of the name", () => {
  const key = "inbox/ac/us/profiles/50%25 + größe.csv";

  expect(announcementIn(objectCreated(bucket, key, "v1", 1)).key).toBe(key);
  expect(announcementIn(uploadCompleted(bucket, key, 1))).toMatchObject({ bucket, key });
});

describe("a batch of messages", () => {
  test("fails in part: what cannot be read is handed out again, the rest is done", async () => {
    using rig = await rigWithSftp();
    const { key, version } = await rig.put("profiles/a.csv", csv);
    const bodies = ["{", JSON.stringify({ source: "aws.ec2" }), uploadCompleted(bucket, key, csv.length)];

    const answer = await eachMessage(rig.deps, sqsEvent(bodies), anySignal, (body) => announce(rig, body));

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "message-0" }, { itemIdentifier: "message-1" }] });
    expect(await rig.record(importIdOf(key, version))).toMatchObject({ name: "a.csv" });
  });

  test("hands back what the time was not enough for", async () => {
    const stop = new AbortController();
    const done: string[] = [];

    const answer = await eachMessage(bareDeps(), sqsEvent(["a", "b", "c"]), stop.signal, async (body) => {
      done.push(body);
      stop.abort();
    });

    expect(done).toEqual(["a"]);
    expect(answer.batchItemFailures).toHaveLength(2);
  });
});

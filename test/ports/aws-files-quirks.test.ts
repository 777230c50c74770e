import { readdirSync, readFileSync } from "node:fs";
import { ListObjectVersionsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import type { StoredVersion } from "../../lib/destinations/stand-ins/s3/s3-objects.ts";
import { secondMs } from "../../lib/model/time.ts";
import { copyObject } from "../../lib/platform/aws/object-copy.ts";
import { openS3Bed, type S3Bed } from "../support/aws/stores-beds.ts";
import { bucketName } from "./aws-stores.ts";
import { countedBytes } from "./port-worker.ts";

const bytesOf = (content: string) => new TextEncoder().encode(content);
const mebibytes = 1024 * 1024;
const big = countedBytes(7, 20 * mebibytes + 3);
const older = countedBytes(8, big.length);

const isSame = (a: Uint8Array | undefined, b: Uint8Array) => a !== undefined && Buffer.compare(a, b) === 0;

describe("a put whose answer gets lost", () => {
  test.each([
    ["in one", "PutObject", bytesOf("small")],
    ["in parts", "CompleteMultipartUpload", big],
  ])("put-if-absent %s still knows that it was the creator", async (_, operation, body) => {
    await using bed = await openS3Bed();
    bed.server.faults.next(operation, "error-after");

    const outcome = await bed.files.putIfAbsent("state/a", body);

    expect(outcome).toBe("created");
    expect(isSame(await bed.files.get("state/a"), body)).toBe(true);
    expect(bed.server.bucket.objects.versionsOf("state/a")).toHaveLength(1);
  });

  test("put-if-absent that is tried again beside another's object knows it for another's", async () => {
    await using bed = await openS3Bed();
    await bed.files.putIfAbsent("state/a", bytesOf("another's"));
    bed.server.faults.next("PutObject", "error-before");

    expect(await bed.files.putIfAbsent("state/a", bytesOf("own"))).toBe("exists");
  });

  test.each([
    ["PutObject", bytesOf("small")],
    ["CompleteMultipartUpload", big],
  ])("a race that S3 answers with 409 to %s is run again", async (operation, body) => {
    await using bed = await openS3Bed();
    bed.server.faults.next(operation, "conflict", "conflict");

    expect(await bed.files.putIfAbsent("state/a", body)).toBe("created");
    expect(isSame(await bed.files.get("state/a"), body)).toBe(true);
    expect(bed.server.bucket.uploadedKeys).toEqual([]);
  });
});

describe("large objects", () => {
  test("go up in parts and come down in parts, the same", async () => {
    await using bed = await openS3Bed();

    await bed.files.put("state/a", big);
    await using local = await bed.files.download("state/a");
    const range = { start: 5 * mebibytes, end: 17 * mebibytes + 1 };
    await using piece = await bed.files.download("state/a", { range });

    const { calls } = bed.server.faults;
    expect(calls.filter((call) => call === "UploadPart")).toHaveLength(3);
    expect(calls).not.toContain("PutObject");
    expect(isSame(readFileSync(local.path), big)).toBe(true);
    expect(isSame(readFileSync(piece.path), big.subarray(range.start, range.end))).toBe(true);
  });

  test("leave no parts behind when they fail", async () => {
    await using bed = await openS3Bed();
    bed.server.faults.next("UploadPart", ...Array(50).fill("error-before"));

    await expect(bed.files.put("state/a", big)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });

    expect(bed.server.bucket.uploadedKeys).toEqual([]);
    expect(await bed.files.stat("state/a")).toBeUndefined();
  });

  test("are copied in parts, of the version that was there", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("inbox/a", big);
    const { client } = bed;
    const from = { key: "inbox/a", versionId: undefined };

    const isDone = await copyObject({ client, bucket: bucketName, from, to: "archive/a", partBytes: 6 * mebibytes });

    expect(isDone).toBe(true);
    expect(bed.server.faults.calls.filter((call) => call === "UploadPartCopy")).toHaveLength(4);
    expect(isSame(await bed.files.get("archive/a"), big)).toBe(true);
  });
});

/** Does something once, after the first answer to a GET. */
function afterFirstGet(bed: S3Bed, work: () => Promise<unknown>): void {
  let isDone = false;
  bed.client.middlewareStack.add(
    (next, context) => async (args) => {
      const answer = await next(args);
      if (!isDone && context.commandName === "GetObjectCommand") {
        isDone = true;
        await work();
      }
      return answer;
    },
    { step: "initialize" },
  );
}

describe("a download", () => {
  test("goes on where a body breaks off", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("state/a", big);
    bed.server.faults.next("GetObject", "drop-after", "drop-after");

    await using local = await bed.files.download("state/a");

    expect(isSame(readFileSync(local.path), big)).toBe(true);
  });

  test("that never gets through is STORE_UNAVAILABLE and leaves nothing on the disk", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("state/a", bytesOf("content"));
    bed.server.faults.next("GetObject", ...Array(20).fill("drop-after"));

    await expect(bed.files.download("state/a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(readdirSync(bed.scratchFolder)).toEqual([]);
  });

  test("from an S3 that does not answer is tried by the client alone", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("state/a", bytesOf("content"));
    bed.server.faults.next("GetObject", ...Array(50).fill("drop-before"));

    await expect(bed.files.download("state/a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(bed.server.faults.calls.filter((call) => call === "GetObject")).toHaveLength(5);
  });

  test("a small object whose body breaks off is got all the same", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("state/a", bytesOf("content"));
    bed.server.faults.next("GetObject", "drop-after");

    expect(await bed.files.get("state/a")).toEqual(bytesOf("content"));
  });

  test.each([
    ["inbox/a", older],
    ["state/a", big],
  ])("of %s is of one version, although the object is replaced meanwhile", async (key, expected) => {
    await using bed = await openS3Bed();
    await bed.files.put(key, older);
    afterFirstGet(bed, () => bed.files.put(key, big));

    await using local = await bed.files.download(key);

    expect(isSame(readFileSync(local.path), expected)).toBe(true);
  });

  test("whose version goes meanwhile is OBJECT_GONE and leaves nothing on the disk", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("inbox/a", big);
    afterFirstGet(bed, () => bed.files.delete("inbox/a"));

    await expect(bed.files.download("inbox/a")).rejects.toMatchObject({ code: "OBJECT_GONE" });
    expect(readdirSync(bed.scratchFolder)).toEqual([]);
  });

  test("that is aborted ends with the signal's reason and leaves nothing on the disk", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("inbox/a", big);
    const abort = new AbortController();
    afterFirstGet(bed, async () => abort.abort(new Error("enough")));

    await expect(bed.files.download("inbox/a", { signal: abort.signal })).rejects.toThrow("enough");
    expect(readdirSync(bed.scratchFolder)).toEqual([]);
  });
});

describe("versions in S3", () => {
  test("a version that no object could have is absent, or gone", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("inbox/a", bytesOf("x"));

    expect(await bed.files.stat("inbox/a", "1")).toBeUndefined();
    expect(await bed.files.get("inbox/a", { version: "1" })).toBeUndefined();
    await bed.files.delete("inbox/a", "1");
    await expect(bed.files.copy({ key: "inbox/a", version: "1" }, "archive/a")).rejects.toMatchObject({
      code: "OBJECT_GONE",
    });
  });

  test("a key that its owner deleted has no versions to show; deleting it leaves nothing at all", async () => {
    await using bed = await openS3Bed();
    const { key, version } = await bed.files.put("inbox/a", bytesOf("x"));
    await bed.server.bucket.delete("inbox/a", undefined);

    const shown = [await bed.files.versions("inbox/"), await bed.files.list("inbox/")];
    const isReadable = (await bed.files.stat(key, version)) !== undefined;
    await bed.files.delete("inbox/a");

    expect(shown).toEqual([[], []]);
    expect(isReadable).toBe(true);
    const left = await bed.client.send(new ListObjectVersionsCommand({ Bucket: bucketName }));
    expect([left.Versions, left.DeleteMarkers]).toEqual([undefined, undefined]);
  });

  test("elsewhere a key has one version, whatever the bucket keeps", async () => {
    await using bed = await openS3Bed();
    await bed.files.put("state/a", bytesOf("old"));
    await bed.files.put("state/a", bytesOf("new"));

    const [info] = await bed.files.versions("state/");
    const all = await bed.files.versions("");
    await bed.files.delete("state/a", info?.version);

    expect(all).toEqual([info]);
    expect(await bed.files.get("state/a")).toBeUndefined();
  });

  test("lists go over S3's pages, also where one ends within a key", async () => {
    await using bed = await openS3Bed();
    const stored = (key: string, n: number): StoredVersion => ({
      key,
      id: String(n).padStart(32, "v"),
      isDeleteMarker: false,
      stretches: [],
      bytes: n,
      etag: '"e"',
      modifiedAtMs: bed.clock.now(),
      metadata: {},
      contentType: "",
      crc32: undefined,
      tags: {},
    });
    for (let n = 0; n < 1_200; n += 1) bed.server.bucket.objects.add(stored("inbox/b", n));
    for (let n = 0; n < 1_200; n += 1) bed.server.bucket.objects.add(stored(`inbox/a/${n}`, n));
    for (let n = 0; n < 1_200; n += 1) bed.server.bucket.objects.add(stored(`state/${n}`, n));

    const versions = await bed.files.versions("inbox/", { limit: 5_000 });
    const some = await bed.files.versions("inbox/", { limit: 1_201 });
    const newest = await bed.files.list("inbox/", { limit: 1_100 });
    const state = await bed.files.list("state/", { limit: 1_100 });

    const ofB = versions.filter(({ key }) => key === "inbox/b").map(({ bytes }) => bytes);
    expect(ofB).toEqual(Array.from({ length: 1_200 }, (_, n) => n));
    expect([versions.length, some.length, newest.length, state.length]).toEqual([2_400, 2_400, 1_100, 1_100]);
  });

  test("a key that climbs out of its bucket is a RangeError", async () => {
    await using bed = await openS3Bed();

    await expect(bed.files.put("state/../../etc/passwd", bytesOf("x"))).rejects.toThrow(RangeError);
  });
});

describe("presigned addresses of S3", () => {
  test("let their holder put and get the key until their time is over", async () => {
    await using bed = await openS3Bed();
    bed.clock.setTo(Date.now() as ReturnType<typeof bed.clock.now>);
    const key = "inbox/ac1/us1/ü b+c/a.csv";

    const put = await fetch(await bed.files.presign("PUT", key, 60), { method: "PUT", body: "rows" });
    const url = await bed.files.presign("GET", key, 60);
    const got = await (await fetch(url)).text();
    bed.clock.wind(62 * secondMs);
    const late = await fetch(url);

    expect([put.status, got, late.status]).toEqual([200, "rows", 403]);
  });

  test("sign the key and no checksum of a body that is not there yet, for five minutes at most", async () => {
    await using bed = await openS3Bed();

    const { searchParams } = new URL(await bed.files.presign("PUT", "inbox/a", 3_600));

    expect(searchParams.get("X-Amz-Expires")).toBe("300");
    expect([...searchParams.keys()].filter((name) => /checksum/i.test(name))).toEqual([]);
  });
});

test("S3 tells of each new object, with the version and the bytes", async () => {
  const created: unknown[] = [];
  await using bed = await openS3Bed({ onCreated: (object) => created.push(object) });

  const { version } = await bed.files.put("inbox/a", bytesOf("rows"));
  await bed.client.send(new PutObjectCommand({ Bucket: bucketName, Key: "state/b", Body: "x" }));

  expect(created).toEqual([
    expect.objectContaining({ key: "inbox/a", versionId: version, bytes: 4, reason: "PutObject" }),
    expect.objectContaining({ key: "state/b", bytes: 1 }),
  ]);
});

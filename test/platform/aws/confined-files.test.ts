import { describe, expect, test } from "vitest";
import type { FileInfo, Files } from "../../../lib/flows/ports.ts";
import { SyncError } from "../../../lib/model/errors.ts";
import type { Instant } from "../../../lib/model/time.ts";
import { confinedFiles } from "../../../lib/platform/aws/confined-files.ts";

/** As the bucket's adapter reports what S3 calls forbidden. */
function forbidden(): SyncError {
  const cause = Object.assign(new Error("Access Denied"), { name: "AccessDenied", $metadata: { httpStatusCode: 403 } });
  return new SyncError("STORE_UNAVAILABLE", { cause });
}

/** A bucket in which everything is forbidden to read, and `listed` is what a listing shows. */
function filesOf(listed: readonly string[] | "forbidden"): Files {
  const refused = () => Promise.reject(forbidden());
  return {
    get: refused,
    stat: refused,
    download: refused,
    list: async (prefix) => {
      if (listed === "forbidden") throw forbidden();
      return listed.filter((key) => key.startsWith(prefix)).map(infoOf);
    },
    putIfAbsent: refused,
    put: refused,
    copy: refused,
    versions: refused,
    delete: refused,
    presign: refused,
  };
}

function infoOf(key: string): FileInfo {
  return { key, version: "null", bytes: 1, modifiedAt: 0 as Instant };
}

describe("to a session that may list only under its own prefixes, a forbidden object", () => {
  test("is absent where the listing does not show it, though it shows one that begins alike", async () => {
    const files = confinedFiles(filesOf(["plan/ac1/rn1/plan.json.old"]));

    expect(await files.get("plan/ac1/rn1/plan.json")).toBeUndefined();
    expect(await files.stat("plan/ac1/rn1/plan.json")).toBeUndefined();
    await expect(files.download("plan/ac1/rn1/plan.json")).rejects.toMatchObject({ code: "OBJECT_GONE" });
  });

  test("is forbidden where the listing shows it", async () => {
    const files = confinedFiles(filesOf(["plan/ac1/rn1/plan.json"]));

    await expect(files.get("plan/ac1/rn1/plan.json")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  test("is forbidden where the listing is forbidden too", async () => {
    const files = confinedFiles(filesOf("forbidden"));

    await expect(files.stat("plan/ac2/rn1/plan.json")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

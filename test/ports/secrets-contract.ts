import { describe, expect, test } from "vitest";
import type { Secrets } from "../../lib/flows/ports.ts";

interface SecretsBed extends AsyncDisposable {
  readonly secrets: Secrets;
  /** The same secrets, opened by another process. */
  reopen(): Promise<Secrets>;
}

export type OpenSecretsBed = () => Promise<SecretsBed>;

/** What every `Secrets` must do. */
export function describeSecrets(name: string, open: OpenSecretsBed): void {
  describe(name, () => {
    test("a secret comes back as it was put, also elsewhere", async () => {
      await using bed = await open();
      const value = `p@ss "word" \0 😀 ${"x".repeat(5_000)}`;

      await bed.secrets.put("account/ac1/connection/cn1", value);

      expect(await bed.secrets.get("account/ac1/connection/cn1")).toBe(value);
      expect(await (await bed.reopen()).get("account/ac1/connection/cn1")).toBe(value);
    });

    test("a put replaces, and the references are apart", async () => {
      await using bed = await open();
      await bed.secrets.put("a/b", "old");
      await bed.secrets.put("a", "other");

      await bed.secrets.put("a/b", "new");

      expect(await bed.secrets.get("a/b")).toBe("new");
      expect(await bed.secrets.get("a")).toBe("other");
    });

    test("what is not there, or no more, is SECRET_UNAVAILABLE; deleting again is no error", async () => {
      await using bed = await open();
      await bed.secrets.put("a", "value");

      await bed.secrets.delete("a");
      await bed.secrets.delete("a");

      await expect(bed.secrets.get("a")).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
      await expect(bed.secrets.get("never")).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
      await bed.secrets.put("a", "again");
      expect(await bed.secrets.get("a")).toBe("again");
    });
  });
}

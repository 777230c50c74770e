import type { S3Client } from "@aws-sdk/client-s3";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { expect, test } from "vitest";
import { deleteSecrets } from "../../../lib/platform/aws/delete-secrets.ts";
import { emptyBucket } from "../../../lib/platform/aws/empty-bucket.ts";

const never = new AbortController().signal;

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: Readonly<Record<string, unknown>>;
}

/** A client that answers each command by a function of its name and input. */
function clientOf<Client>(answer: (name: string, input: Command["input"]) => unknown): Client {
  return { send: async (command: Command) => answer(command.constructor.name, command.input) } as Client;
}

test("a bucket is emptied of versions and delete markers, page after page, until a list is empty", async () => {
  const pages = [
    { Versions: [{ Key: "a", VersionId: "1" }], DeleteMarkers: [{ Key: "a", VersionId: "2" }], IsTruncated: true },
    { Versions: [{ Key: "b", VersionId: "3" }] },
    {},
  ];
  const deleted: unknown[] = [];
  const client = clientOf<S3Client>((name, input) => {
    if (name === "ListObjectVersionsCommand") return pages.shift();
    deleted.push(...(input["Delete"] as { Objects: unknown[] }).Objects);
    return {};
  });

  expect(await emptyBucket(client, "bucket", never)).toBe(3);

  expect(deleted).toEqual([
    { Key: "a", VersionId: "1" },
    { Key: "a", VersionId: "2" },
    { Key: "b", VersionId: "3" },
  ]);
});

test("an object that cannot be deleted ends it with the object's name, rather than going round for ever", async () => {
  const client = clientOf<S3Client>((name) =>
    name === "ListObjectVersionsCommand"
      ? { Versions: [{ Key: "locked", VersionId: "1" }] }
      : { Errors: [{ Key: "locked", Message: "Access Denied" }] },
  );

  await expect(emptyBucket(client, "bucket", never)).rejects.toThrow("bucket/locked cannot be deleted: Access Denied");
});

test("a bucket that is gone counts as empty", async () => {
  const client = clientOf<S3Client>(() => {
    throw Object.assign(new Error("gone"), { name: "NoSuchBucket" });
  });

  expect(await emptyBucket(client, "bucket", never)).toBe(0);
});

test("only secrets whose names begin with the prefix are deleted, on every page", async () => {
  const pages = [
    { SecretList: [{ Name: "acme/x" }, { Name: "other-acme/y" }], NextToken: "more" },
    { SecretList: [{ Name: "acme/z" }, { Name: "ACME/z" }] },
  ];
  const deleted: unknown[] = [];
  const client = clientOf<SecretsManagerClient>((name, input) => {
    if (name === "ListSecretsCommand") return pages.shift();
    deleted.push(input["SecretId"]);
    return {};
  });

  expect(await deleteSecrets(client, "acme/", never)).toBe(2);

  expect(deleted).toEqual(["acme/x", "acme/z"]);
});

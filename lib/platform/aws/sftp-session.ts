import { fileKeys } from "../../flows/store/keys.ts";
import type { User } from "../../model/account.ts";
import { dataObjects } from "../../model/log.ts";

/** Where SFTP sessions work. */
export interface SftpPlaces {
  readonly bucket: string;
  readonly keyArn: string;
  /** The role that all sessions take on; what it may is cut down for each user. */
  readonly roleArn: string;
}

/** Longest policy of a session: https://docs.aws.amazon.com/transfer/latest/userguide/API_CreateUser.html */
export const sessionPolicyCharactersMax = 2_048;

/** The folders that a user sees, by the beginning of the keys behind them. */
export function userFolders(user: Pick<User, "accountId" | "id">): Readonly<Record<string, string>> {
  const uploads = dataObjects.map((object) => [object, fileKeys.inbox(user.accountId, user.id, `${object}/`)] as const);
  return { ...Object.fromEntries(uploads), results: fileKeys.results(user.accountId, user.id, "") };
}

/** A user's view: three folders at the root and nothing beside them. */
export function homeMappings(
  bucket: string,
  user: Pick<User, "accountId" | "id">,
): { Entry: string; Target: string }[] {
  return Object.entries(userFolders(user)).map(([folder, prefix]) => ({
    Entry: `/${folder}`,
    Target: `/${bucket}/${prefix.replace(/\/$/, "")}`,
  }));
}

/** What a user's session may: upload, rename and delete below the upload folders, read results, list both. The folders themselves stay. */
export function sessionPolicy({ bucket, keyArn, roleArn }: SftpPlaces, user: Pick<User, "accountId" | "id">): string {
  const partition = roleArn.split(":")[1] ?? "aws";
  const bucketArn = `arn:${partition}:s3:::${bucket}`;
  const { results = "", ...uploads } = userFolders(user);
  const uploadPrefixes = Object.values(uploads);
  const listed = [...uploadPrefixes, results].flatMap((prefix) => [prefix.replace(/\/$/, ""), `${prefix}*`]);
  const objects = (prefixes: readonly string[], rest: string) =>
    prefixes.map((prefix) => `${bucketArn}/${prefix}${rest}`);
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: [bucketArn],
        Condition: { StringLike: { "s3:prefix": listed } },
      },
      {
        Effect: "Allow",
        Action: ["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:AbortMultipartUpload"],
        Resource: objects(uploadPrefixes, "*"),
      },
      { Effect: "Allow", Action: ["s3:DeleteObject"], Resource: objects(uploadPrefixes, "?*") },
      { Effect: "Allow", Action: ["s3:GetObject", "s3:GetObjectVersion"], Resource: objects([results], "*") },
      { Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: [keyArn] },
    ],
  });
}

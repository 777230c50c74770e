import { shardOf } from "../../flows/store/shards.ts";
import type { AccountId } from "../../model/ids.ts";

/** Tags of the session in which a writer works for one account. */
export interface WriterTags {
  readonly account: string;
  /** Of the lists over all accounts, the part that the account lies in. */
  readonly shard: string;
}

export const writerTagNames: readonly (keyof WriterTags)[] = ["account", "shard"];

export function writerTags(accountId: AccountId): WriterTags {
  return { account: accountId, shard: String(shardOf(accountId)) };
}

const account = `\${aws:PrincipalTag/account}`;
const shard = `\${aws:PrincipalTag/shard}`;

/**
 * All that the steps of a writer reach for one account, as the policy of its role spells it. Each key ends with its
 * delimiter, so that no account's id is the beginning of another's. No machine is started, and nothing in the inbox is read.
 */
const writerScope = {
  /** Whole partition keys, and what may be done in them. A transaction is judged by all of its keys together, so what it writes stands in one line. */
  partitions: [
    { keys: [`account/${account}/`], actions: ["GetItem", "Query"] },
    {
      // A check that has ended takes its connection off the list of those with something left to do.
      keys: [`account/${account}/`, `pending-connections/${shard}`],
      actions: ["PutItem", "DeleteItem", "ConditionCheckItem"],
    },
  ],
  /** Beginnings of object keys. All parts of a download are of one version. */
  objects: {
    [`plan/${account}/`]: ["GetObject", "GetObjectVersion", "PutObject", "AbortMultipartUpload"],
    /** A put whose answer got lost looks whose object is there. */
    [`quarantine/${account}/`]: ["GetObject", "PutObject", "AbortMultipartUpload"],
    /** What a warehouse loads by keys of such a session, narrowed to one plan. */
    [`staging/${account}/`]: ["GetObject", "PutObject", "AbortMultipartUpload", "DeleteObject"],
    [`state/${account}/`]: ["GetObject", "GetObjectVersion"],
    [`change/${account}/`]: ["GetObject", "GetObjectVersion"],
  },
  /** Beginnings of the names of secrets, after the installation's prefix. A check that fails drops the credentials it tried. */
  secrets: { [`connection/${account}/`]: ["GetSecretValue", "DeleteSecret"] },
} as const;

/** Where the stores of an installation are. */
export interface WriterPlaces {
  readonly tableArn: string;
  readonly bucketArn: string;
  /** `arn:…:secret:<name>/`; the reference follows. */
  readonly secretArnPrefix: string;
  readonly keyArn: string;
  /** Names of the services through which alone the key may be used: `s3.<region>.amazonaws.com`. */
  readonly keyUsers: readonly string[];
}

/** One statement of an IAM policy, as JSON. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** The policy of the writer role. Without the tags of a session it allows nothing. */
export function writerStatements(places: WriterPlaces): readonly PolicyStatement[] {
  return [
    ...writerScope.partitions.map(({ keys, actions }, index) => ({
      Sid: `Table${index + 1}`,
      Effect: "Allow" as const,
      Action: actions.map((action) => `dynamodb:${action}`),
      Resource: [places.tableArn],
      // "For all" holds where there are none, hence the second condition.
      Condition: {
        "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": keys },
        Null: { ...hasTags.Null, "dynamodb:LeadingKeys": "false" },
      },
    })),
    ...Object.entries(writerScope.objects).map(([prefix, actions], index) => ({
      Sid: `Objects${index + 1}`,
      Effect: "Allow" as const,
      Action: actions.map((action) => `s3:${action}`),
      Resource: [`${places.bucketArn}/${prefix}*`],
      Condition: hasTags,
    })),
    {
      Sid: "Listings",
      Effect: "Allow",
      Action: ["s3:ListBucket"],
      Resource: [places.bucketArn],
      Condition: { ...hasTags, StringLike: { "s3:prefix": readPrefixes().map((prefix) => `${prefix}*`) } },
    },
    ...Object.entries(writerScope.secrets).map(([prefix, actions]) => ({
      Sid: "Secrets",
      Effect: "Allow" as const,
      Action: actions.map((action) => `secretsmanager:${action}`),
      Resource: [`${places.secretArnPrefix}${prefix}*`],
      Condition: hasTags,
    })),
    {
      Sid: "Key",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: [places.keyArn],
      Condition: { ...hasTags, StringEquals: { "kms:ViaService": places.keyUsers } },
    },
  ];
}

/** A statement with a tag that the session lacks holds for nobody; said aloud, since everything hangs on it. */
const hasTags = {
  Null: Object.fromEntries(writerTagNames.map((name) => [`aws:PrincipalTag/${name}`, "false"])),
} as const;

/** To those who may not list, an object that is not there is a forbidden one. */
function readPrefixes(): readonly string[] {
  return Object.entries(writerScope.objects)
    .filter(([, actions]) => (actions as readonly string[]).includes("GetObject"))
    .map(([prefix]) => prefix);
}

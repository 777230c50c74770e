import type { AwsCall } from "../../platform/aws/aws-call.ts";
import {
  checks,
  computing,
  deletes,
  type FunctionSpecs,
  gets,
  puts,
  queries,
  small,
  startsConsolidation,
} from "./function-spec.ts";

/** Reads what waits and what is known, and writes what is new. */
const consolidates: readonly AwsCall[] = [
  "s3:GetObject bucket/intake",
  "s3:GetObject bucket/work",
  "s3:PutObject bucket/work",
  "s3:GetObject bucket/state",
  "s3:PutObject bucket/state",
  "s3:GetObject bucket/change",
  "s3:PutObject bucket/change",
];

/** The steps of `consolidate.asl.json`, which ends by starting what is due. */
export const consolidateSpecs = {
  "consolidate-round": {
    ...computing,
    calls: [
      gets,
      queries,
      puts,
      deletes,
      checks,
      ...consolidates,
      "s3:ListBucket bucket/work",
      "s3:DeleteObject bucket/work",
      "s3:ListBucket bucket/state",
      "s3:DeleteObject bucket/state",
      "s3:ListBucket bucket/change",
      "s3:DeleteObject bucket/change",
    ],
  },
  "run-part": { ...computing, calls: [gets, ...consolidates] },
  "advance-round": {
    ...small,
    calls: [
      gets,
      puts,
      checks,
      "s3:GetObject bucket/work",
      "s3:PutObject bucket/work",
      "s3:GetObject bucket/state",
      "s3:PutObject bucket/state",
      "s3:PutObject bucket/change",
    ],
  },
  "close-consolidation": { ...small, calls: [gets, puts, deletes, startsConsolidation] },
  "fail-consolidation": { ...small, calls: [gets, puts] },
} as const satisfies FunctionSpecs;

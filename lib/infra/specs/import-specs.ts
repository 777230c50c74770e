import {
  computing,
  deletes,
  type FunctionSpecs,
  gets,
  joining,
  puts,
  putsAway,
  queries,
  small,
  startsConsolidation,
} from "./function-spec.ts";

/** The steps of `import.asl.json`. */
export const importSpecs = {
  "plan-import": {
    ...small,
    calls: [
      gets,
      queries,
      puts,
      deletes,
      "s3:GetObject bucket/archive",
      "s3:GetObject bucket/work",
      "s3:PutObject bucket/work",
      ...putsAway,
    ],
  },
  "cut-ranges": { ...small, calls: [gets, puts, "s3:GetObject bucket/work", "s3:PutObject bucket/work"] },
  // A range of 10 GB in a thousand is held in memory whole.
  "scan-range": {
    ...small,
    calls: [gets, puts, "s3:GetObject bucket/work", "s3:PutObject bucket/work", "s3:GetObjectVersion bucket/inbox"],
  },
  "parse-range": {
    ...computing,
    calls: [
      gets,
      puts,
      "s3:GetObject bucket/work",
      "s3:PutObject bucket/work",
      "s3:GetObjectVersion bucket/inbox",
      "s3:GetObject bucket/intake",
      "s3:PutObject bucket/intake",
    ],
  },
  "publish-import": {
    ...small,
    calls: [
      gets,
      queries,
      puts,
      deletes,
      "s3:GetObject bucket/archive",
      "s3:GetObject bucket/work",
      "s3:PutObject bucket/intake",
      ...putsAway,
      startsConsolidation,
    ],
  },
  // The rejected rows of all slices become one file.
  "close-import": {
    ...joining,
    calls: [gets, puts, deletes, "s3:GetObject bucket/work", "s3:PutObject bucket/results", ...putsAway],
  },
  "fail-import": { ...small, calls: [gets, puts, deletes, "s3:PutObject bucket/results", ...putsAway] },
} as const satisfies FunctionSpecs;

import type { AwsCall } from "../../platform/aws/aws-call.ts";
import {
  callsWriters,
  checks,
  computing,
  deletes,
  dropsSecrets,
  type FunctionSpec,
  type FunctionSpecs,
  gets,
  puts,
  queries,
  small,
  startsConsolidation,
  startsSync,
} from "./function-spec.ts";

const startsDue: readonly AwsCall[] = [gets, queries, puts, deletes, startsSync];

/** The steps of `sync.asl.json`, `check-connection.asl.json` and `dispatch.asl.json` that dial no warehouse. */
export const syncSpecs = {
  "list-files": {
    ...small,
    calls: [gets, queries, puts, "s3:GetObject bucket/plan", "s3:PutObject bucket/plan"],
  },
  "continue-run": { ...small, calls: [gets, puts, startsSync] },
  "finish-run": { ...small, calls: [gets, queries, puts, deletes, callsWriters] },
  "fail-run": { ...small, calls: [gets, queries, puts, deletes, callsWriters] },
  "prepare-cut": { ...small, calls: [gets, queries, puts, startsConsolidation] },
  "activate-connection": { ...small, calls: [...startsDue, checks, dropsSecrets] },
  "fail-check": { ...small, calls: [gets, puts, deletes, dropsSecrets] },
  "list-due-accounts": { ...small, calls: [gets, queries, "s3:PutObject bucket/dispatch"] },
  "dispatch-account": { ...small, calls: [...startsDue, startsConsolidation] },
  "start-due-syncs": { ...small, calls: startsDue },
} as const satisfies FunctionSpecs;

/** One per kind of warehouse. It takes on a role for one account at a time, and has no other rights. */
export const writerSpec: FunctionSpec = {
  ...computing,
  calls: ["sts:AssumeRole role/writer", "sts:TagSession role/writer"],
};

/** That of one kind: where connections may name a customer's role, its writer takes that on too. */
export function writerSpecOf({ takesRoles = false }: { readonly takesRoles?: boolean }): FunctionSpec {
  return takesRoles ? { ...writerSpec, calls: [...writerSpec.calls, "sts:AssumeRole role/customer"] } : writerSpec;
}

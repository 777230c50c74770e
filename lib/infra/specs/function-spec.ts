import type { AwsCall } from "../../platform/aws/aws-call.ts";

/** What a function needs to run, and every call to AWS that it can make. */
export interface FunctionSpec {
  /** 1,769 MB come with one whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Of `/tmp`. @default 512 */
  readonly scratchMb?: number;
  /** Finds DuckDB in a layer. */
  readonly hasEngine?: true;
  /** Called by a rule, which no answer reaches: an event that it cannot handle goes to the dead letters. */
  readonly isAsync?: true;
  readonly calls: readonly AwsCall[];
  /** Made only where the installation has an SFTP endpoint. */
  readonly sftpCalls?: readonly AwsCall[];
}

/** Every call that a function can make in an installation with or without SFTP. */
export function declaredCalls({ calls, sftpCalls = [] }: FunctionSpec, hasSftp: boolean): readonly AwsCall[] {
  return hasSftp ? [...calls, ...sftpCalls] : calls;
}

export type FunctionSpecs = Readonly<Record<string, FunctionSpec>>;

/** The most that Lambda lets run, and have of `/tmp`: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const timeoutSeconds = 900;
const scratchMb = 10_240;

/** A step that reads and writes records and small lists. */
export const small = { memoryMb: 512, timeoutSeconds } as const;
/** A step that puts files together on its disk. */
export const joining = { memoryMb: 1_024, timeoutSeconds, scratchMb } as const;
/** A step of DuckDB. 3,008 MB is what every account may have without asking for more. */
export const computing = { memoryMb: 3_008, timeoutSeconds, scratchMb, hasEngine: true } as const;

export const gets: AwsCall = "dynamodb:GetItem table";
export const queries: AwsCall = "dynamodb:Query table";
export const puts: AwsCall = "dynamodb:PutItem table";
export const deletes: AwsCall = "dynamodb:DeleteItem table";
export const checks: AwsCall = "dynamodb:ConditionCheckItem table";

export const startsConsolidation: AwsCall = "states:StartExecution machine/consolidate";
export const startsSync: AwsCall = "states:StartExecution machine/sync";
export const callsWriters: AwsCall = "lambda:InvokeFunction writer";
export const dropsSecrets: AwsCall = "secretsmanager:DeleteSecret secret";

/** Moves an ended import's upload from the inbox to the archive, and removes what its attempts left. */
export const putsAway: readonly AwsCall[] = [
  "s3:GetObjectVersion bucket/inbox",
  "s3:PutObject bucket/archive",
  "s3:ListBucket bucket/work",
  "s3:DeleteObject bucket/work",
  "s3:ListBucket bucket/intake",
  "s3:DeleteObject bucket/intake",
  "s3:DeleteObjectVersion bucket/inbox",
];

/** Where the SFTP server of one machine keeps what it has in hand: Transfer Family never does. */
const sftpAreas = ["held", "sftp-moves"] as const;

/** Removes all objects of an account that was removed, the inbox aside. */
export const clearsAway: readonly AwsCall[] = [
  ...["archive", "results", "work", "intake", "state", "change", "plan", "quarantine", "staging"].flatMap(
    (area): AwsCall[] => [`s3:ListBucket bucket/${area}`, `s3:DeleteObject bucket/${area}`],
  ),
  ...sftpAreas.map((area): AwsCall => `s3:ListBucket bucket/${area}`),
];

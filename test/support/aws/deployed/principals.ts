import type { StsServer } from "../sts-server.ts";
import type { TransferServer } from "../transfer-server.ts";
import { type Principal, statementsIn, statementsOfRole } from "./policies.ts";
import type { TemplateValues } from "./template-values.ts";

/** Whose keys there are, by the beginning of the access key's id. */
const kinds = { role: "AKIAROLE-", sftpUser: "AKIASFTP-", session: "ASIA", operator: "AKIAOPERATOR" } as const;

/** The keys of a role. */
export function keyOfRole(roleArn: string): string {
  return `${kinds.role}${roleArn.split("/").at(-1)}`;
}

/** The keys of an SFTP user's session with the bucket. */
export function keyOfSftpUser(username: string): string {
  return `${kinds.sftpUser}${username}`;
}

/** The keys of whoever deployed it all. */
export const keyOfOperator = kinds.operator;

interface Sources {
  readonly values: TemplateValues;
  readonly sts: Pick<StsServer, "assumed">;
  readonly transfer: Pick<TransferServer, "users">;
}

/** Finds out whose keys those are, and what they open. */
export function principalsOf({ values, sts, transfer }: Sources): (accessKeyId: string) => Principal {
  const known = new Map<string, ReturnType<typeof statementsOfRole>>();
  const ofRole = (roleArn: string) => {
    const statements = known.get(roleArn) ?? statementsOfRole(values, roleArn);
    known.set(roleArn, statements);
    return statements;
  };
  const roles = values.all("AWS::IAM::Role").map((role) => role.attribute("Arn"));
  return (key) => {
    if (key === kinds.operator) return { name: "operator", policies: null, tags: {} };
    if (key.startsWith(kinds.sftpUser)) {
      const name = key.slice(kinds.sftpUser.length);
      const user = transfer.users.get(name);
      if (user === undefined) throw new TypeError(`nobody is called ${name}`);
      return { name, policies: [ofRole(user.role), statementsIn(JSON.parse(user.policy))], tags: {} };
    }
    const session = key.startsWith(kinds.session) ? sts.assumed[Number(key.slice(kinds.session.length))] : undefined;
    if (session !== undefined)
      return { name: session.sessionName, policies: [ofRole(session.roleArn)], tags: session.tags };
    const roleArn = roles.find((each) => keyOfRole(each) === key);
    if (roleArn === undefined) throw new TypeError(`nobody knows the key ${key}`);
    return { name: roleArn, policies: [ofRole(roleArn)], tags: {} };
  };
}

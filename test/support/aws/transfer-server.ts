import { AwsFault, type AwsServer, startJsonServer } from "./json-server.ts";

/** A user of the server, as it was last described to Transfer Family. */
interface TransferUser {
  role: string;
  policy: string;
  mappings: readonly { readonly Entry: string; readonly Target: string }[];
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly keys: { readonly SshPublicKeyId: string; readonly SshPublicKeyBody: string }[];
}

export interface TransferServer extends AwsServer {
  readonly serverId: string;
  readonly users: ReadonlyMap<string, TransferUser>;
}

type Input = Readonly<Record<string, unknown>>;

/** Users and keys of Transfer Family on the loopback, with its limits: https://docs.aws.amazon.com/transfer/latest/APIReference/ */
export async function startTransferServer(serverId = "s-0123456789abcdef0"): Promise<TransferServer> {
  const users = new Map<string, TransferUser>();
  let keys = 0;
  const find = (input: Input): TransferUser => {
    const user = input["ServerId"] === serverId ? users.get(String(input["UserName"])) : undefined;
    if (user === undefined) throw new AwsFault("ResourceNotFoundException", `Unknown user ${input["UserName"]}`);
    return user;
  };
  const server = await startJsonServer("1.1", {
    CreateUser: (input) => {
      const name = String(input["UserName"]);
      checkUser(input);
      if (users.has(name)) throw new AwsFault("ResourceExistsException", `User ${name} exists`);
      users.set(name, { ...described(input), tags: (input["Tags"] ?? []) as TransferUser["tags"], keys: [] });
      return { ServerId: serverId, UserName: name };
    },
    UpdateUser: (input) => {
      const user = find(input);
      checkUser(input);
      Object.assign(user, described(input));
      return { ServerId: serverId, UserName: input["UserName"] };
    },
    DescribeUser: (input) => {
      const { role, policy, mappings, tags, keys: own } = find(input);
      const about = { UserName: input["UserName"], Tags: tags };
      const user = { ...about, Role: role, Policy: policy, HomeDirectoryMappings: mappings };
      return { ServerId: serverId, User: { Arn: "arn:aws:transfer:::user", ...user, SshPublicKeys: own } };
    },
    DeleteUser: (input) => {
      find(input);
      users.delete(String(input["UserName"]));
    },
    ImportSshPublicKey: (input) => {
      const user = find(input);
      const body = String(input["SshPublicKeyBody"]);
      checkKey(body);
      if (user.keys.some((key) => key.SshPublicKeyBody === body)) throw new AwsFault("ResourceExistsException");
      keys += 1;
      const SshPublicKeyId = `key-${String(keys).padStart(17, "0")}`;
      user.keys.push({ SshPublicKeyId, SshPublicKeyBody: body });
      return { ServerId: serverId, UserName: input["UserName"], SshPublicKeyId };
    },
    DeleteSshPublicKey: (input) => {
      const user = find(input);
      const index = user.keys.findIndex((key) => key.SshPublicKeyId === input["SshPublicKeyId"]);
      if (index < 0) throw new AwsFault("ResourceNotFoundException", "Unknown key");
      user.keys.splice(index, 1);
    },
  });
  return { ...server, serverId, users };
}

function described(input: Input): Pick<TransferUser, "role" | "policy" | "mappings"> {
  return {
    role: String(input["Role"]),
    policy: String(input["Policy"]),
    mappings: input["HomeDirectoryMappings"] as TransferUser["mappings"],
  };
}

function checkUser(input: Input): void {
  if (!/^\w[\w@.-]{2,99}$/.test(String(input["UserName"]))) throw new AwsFault("InvalidRequestException", "UserName");
  if (String(input["Policy"]).length > 2_048) throw new AwsFault("InvalidRequestException", "Policy");
  if (input["HomeDirectoryType"] !== "LOGICAL") throw new AwsFault("InvalidRequestException", "HomeDirectoryType");
}

function checkKey(body: string): void {
  const isTaken = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( .*)?$/.test(body);
  if (!isTaken || body.length > 2_048)
    throw new AwsFault("InvalidRequestException", "Unsupported or invalid SSH public key format");
}

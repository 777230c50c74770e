import type { Asked } from "../../../lib/destinations/stand-ins/evaluate-policy.ts";
import type { Deps } from "../../../lib/flows/deps.ts";
import type { TableWrite } from "../../../lib/flows/ports.ts";
import type { WriterPlaces } from "../../../lib/platform/aws/writer-scope.ts";

export const places: WriterPlaces = {
  tableArn: "arn:aws:dynamodb:eu-west-1:1:table/t",
  bucketArn: "arn:aws:s3:::b",
  secretArnPrefix: "arn:aws:secretsmanager:eu-west-1:1:secret:my-sync/",
  keyArn: "arn:aws:kms:eu-west-1:1:key/k",
  keyUsers: ["s3.eu-west-1.amazonaws.com"],
};

type Ask = (asked: Asked) => void;

/** The same ports, each of whose calls is first put before `ask` as what it asks of IAM in AWS; `ask` throws to refuse. */
export function confinedDeps(deps: Deps, ask: Ask): Deps {
  return {
    ...deps,
    table: confinedTable(deps.table, ask),
    files: confinedFiles(deps.files, ask),
    secrets: confinedSecrets(deps.secrets, ask),
    workflows: refusedPort(deps.workflows, "workflows"),
    writers: refusedPort(deps.writers, "writers"),
    sftpUsers: refusedPort(deps.sftpUsers, "sftpUsers"),
  };
}

function confinedTable(table: Deps["table"], ask: Ask): Deps["table"] {
  const askFor = (action: string, pk: string) =>
    ask({
      action: `dynamodb:${action}`,
      resource: places.tableArn,
      context: { "dynamodb:LeadingKeys": [pk] },
    });
  return {
    get: async (key) => {
      askFor("GetItem", key.pk);
      return table.get(key);
    },
    query: async (query) => {
      askFor("Query", query.pk);
      return table.query(query);
    },
    put: async (item, condition) => {
      askFor("PutItem", item.pk);
      return table.put(item, condition);
    },
    delete: async (key, condition) => {
      askFor("DeleteItem", key.pk);
      return table.delete(key, condition);
    },
    transact: async (writes) => {
      for (const write of writes) askFor(...actionOf(write));
      return table.transact(writes);
    },
  };
}

function actionOf(write: TableWrite): [action: string, pk: string] {
  if ("put" in write) return ["PutItem", write.put.pk];
  if ("delete" in write) return ["DeleteItem", write.delete.pk];
  return ["ConditionCheckItem", write.check.pk];
}

function confinedFiles(files: Deps["files"], ask: Ask): Deps["files"] {
  const askFor = (action: string, key: string) =>
    ask({ action: `s3:${action}`, resource: `${places.bucketArn}/${key}` });
  const refused = () => Promise.reject(new TypeError("a writer calls no such method of files"));
  return {
    put: refused,
    copy: refused,
    versions: refused,
    delete: refused,
    presign: refused,
    putIfAbsent: async (key, body) => {
      askFor("PutObject", key);
      return files.putIfAbsent(key, body);
    },
    get: async (key, options) => {
      askFor("GetObject", key);
      return files.get(key, options);
    },
    stat: async (key, version) => {
      askFor("GetObject", key);
      return files.stat(key, version);
    },
    download: async (key, options) => {
      askFor("GetObject", key);
      return files.download(key, options);
    },
    list: async (prefix, options) => {
      ask({ action: "s3:ListBucket", resource: places.bucketArn, context: { "s3:prefix": prefix } });
      return files.list(prefix, options);
    },
  };
}

function confinedSecrets(secrets: Deps["secrets"], ask: Ask): Deps["secrets"] {
  const askFor = (action: string, ref: string) =>
    ask({ action: `secretsmanager:${action}`, resource: `${places.secretArnPrefix}${ref}-AbCdEf` });
  return {
    put: async (ref, value) => {
      askFor("PutSecretValue", ref);
      return secrets.put(ref, value);
    },
    get: async (ref) => {
      askFor("GetSecretValue", ref);
      return secrets.get(ref);
    },
    delete: async (ref) => {
      askFor("DeleteSecret", ref);
      return secrets.delete(ref);
    },
  };
}

/** Whatever is called of it throws: our list says that nobody calls it. */
function refusedPort<Port extends object>(_port: Port, name: string): Port {
  return new Proxy({} as Port, {
    get: (_, method) => () => Promise.reject(new TypeError(`a writer calls ${name}.${String(method)}`)),
  });
}

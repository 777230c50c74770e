import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { importIdOf } from "../../../../lib/flows/store/imports.ts";
import { renameCompleted, uploadCompleted } from "../events.ts";
import type { DeployedInstallation } from "./deployed-installation.ts";
import { keyOfRole, keyOfSftpUser } from "./principals.ts";

/** What Transfer Family does in S3 for one of its users, with that user's rights, and what it tells of it. */
export class SftpClient {
  readonly #installation: DeployedInstallation;
  readonly #username: string;

  constructor(installation: DeployedInstallation, username: string) {
    this.#installation = installation;
    this.#username = username;
  }

  /** A whole upload, of which both Transfer Family and S3 tell. */
  async put(path: string, text: string): Promise<void> {
    await this.putQuietly(path, text);
    await this.tell(path, text);
  }

  /** Transfer Family's word that an upload is whole. */
  async tell(path: string, text: string): Promise<void> {
    await this.#tell(uploadCompleted(this.#bucket, this.#keyOf(path), Buffer.byteLength(text)));
  }

  /** An upload of whose end Transfer Family says nothing: S3's word is all there is. Answers the id of its import. */
  async putQuietly(path: string, text: string): Promise<string> {
    const key = this.#keyOf(path);
    const command = new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: text });
    const { VersionId = "" } = await this.#s3.send(command);
    return importIdOf(key, VersionId);
  }

  /** An upload whose session ended in the middle: the workflow for such marks what there is of it. */
  async breakOff(path: string, text: string): Promise<void> {
    await this.putQuietly(path, text);
    const { values, clientOf } = this.#installation;
    const { WorkflowDetails } = { WorkflowDetails: values.only("AWS::Transfer::Server").get("WorkflowDetails") } as {
      readonly WorkflowDetails: { readonly OnPartialUpload: readonly { readonly ExecutionRole: string }[] };
    };
    const [step] = values.only("AWS::Transfer::Workflow").get("Steps") as readonly {
      readonly TagStepDetails: { readonly Tags: { readonly Key: string; readonly Value: string }[] };
    }[];
    const worker = clientOf(keyOfRole(WorkflowDetails.OnPartialUpload[0]?.ExecutionRole ?? ""));
    const Tagging = { TagSet: step?.TagStepDetails.Tags ?? [] };
    await worker.send(new PutObjectTaggingCommand({ Bucket: this.#bucket, Key: this.#keyOf(path), Tagging }));
  }

  /** As clients do that upload under a temporary name. */
  async rename(from: string, to: string): Promise<void> {
    const [Bucket, source, target] = [this.#bucket, this.#keyOf(from), this.#keyOf(to)];
    await this.#s3.send(new CopyObjectCommand({ Bucket, Key: target, CopySource: `${Bucket}/${source}` }));
    await this.#s3.send(new DeleteObjectCommand({ Bucket, Key: source }));
    await this.#tell(renameCompleted(Bucket, source, target));
  }

  async get(path: string): Promise<string> {
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.#bucket, Key: this.#keyOf(path) }));
    return (await Body?.transformToString()) ?? "";
  }

  get #bucket(): string {
    return this.#installation.stores.bucketName;
  }

  get #s3() {
    return this.#installation.clientOf(keyOfSftpUser(this.#username));
  }

  async #tell(event: string): Promise<void> {
    await this.#installation.bus.put(JSON.parse(event) as object);
  }

  /** By the user's mappings, beside which nothing can be reached. */
  #keyOf(path: string): string {
    const mappings = this.#installation.stores.transfer.users.get(this.#username)?.mappings ?? [];
    const mapping = mappings.find(({ Entry }) => path.startsWith(`${Entry}/`));
    if (mapping === undefined) throw new TypeError(`${this.#username} sees no ${path}`);
    return `${mapping.Target}${path.slice(mapping.Entry.length)}`.replace(`/${this.#bucket}/`, "");
  }
}

import type { Faults } from "../../stand-ins/faults.ts";
import type { S3Server } from "../../stand-ins/s3/s3-server.ts";

/** The engine that plays the cluster. */
interface EngineServer {
  readonly host: string;
  readonly port: number;
  /** Its administrator. */
  readonly user: string;
  readonly password: string;
}

/** Keys that STS gave out. */
interface IssuedKeys {
  readonly secret: string;
  readonly token: string;
  readonly endsAtMs: number;
  /** The role that was taken on. */
  readonly role: string;
  /** `bucket/prefix` that the session's policy lets read; none where it has no policy. */
  readonly reads: string | undefined;
}

/** All that the stand-ins of one testbed know of each other. */
export interface World {
  readonly server: EngineServer;
  readonly s3: S3Server;
  readonly bucket: string;
  /** Where the bucket and the cluster are. */
  readonly region: string;
  readonly clusterRegion: string;
  readonly faults: Faults;
  /** Keys by their access key id. */
  readonly keys: Map<string, IssuedKeys>;
  /** Roles that may be taken on, with what they ask for. */
  readonly roles: Map<string, { readonly externalId: string | undefined }>;
  /** Roles that are attached to the cluster, and what they may read. */
  readonly clusterRoles: Map<string, { readonly reads: string }>;
  /** Database users by name, with their passwords; and secrets that hold one of them. */
  readonly passwords: Map<string, string>;
  readonly secrets: Map<string, { readonly user: string }>;
  readonly nowMs: () => number;
  /** Lengths of VARCHAR whose domain is there. */
  readonly lengths: Set<number>;
  /** Statements of the administrator in a database of the engine; answers the rows of the last. */
  administer(database: string, sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Called with every statement before it runs; may throw the `RedshiftFault` that a test planned. */
  beforeStatement(sql: string): Promise<void>;
}

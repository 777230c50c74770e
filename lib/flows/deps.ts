import type { Destination, Dial, StagingArea } from "../destinations/destination.ts";
import type { Engine } from "../engine/engine.ts";
import type { AccountId } from "../model/ids.ts";
import type { Clock, Files, Randomness, Secrets, SftpUsers, Table, Workflows, Writers } from "./ports.ts";

/** All that flows reach of the world. Every outside effect of a flow goes through here, so that tests can cut in before and after each. */
export interface Deps {
  readonly table: Table;
  readonly files: Files;
  readonly secrets: Secrets;
  readonly workflows: Workflows;
  /** The only way to a warehouse for what is not itself a writer's step. */
  readonly writers: Writers;
  readonly sftpUsers: SftpUsers;
  /** True where an object appears in the inbox only once its upload is whole; else only an announcement tells. */
  readonly uploadsAreWhole: boolean;
  /** Whether the endpoint has marked an upload as broken off. */
  readonly isPartialUpload: (key: string, version: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly engine: Engine;
  /** The kinds of warehouse this installation offers; throws `NOT_FOUND` for others. */
  readonly destination: (kind: string) => Promise<Destination>;
  readonly destinationKinds: readonly string[];
  /** Begins the names of the tables in a warehouse whose connection chooses no other. */
  readonly tablePrefix: string;
  /** Whether connections may name stores of their own where a kind has a public one. @default false */
  readonly allowsEndpoints?: boolean;
  /** The account's place in our bucket for warehouses that load from objects; left out where there is no bucket. */
  readonly stagingArea?: (accountId: AccountId) => StagingArea;
  /** Where services of AWS answer when not at their public addresses: stand-ins, in tests and demonstrations. */
  readonly awsEndpoints?: Readonly<Record<string, string>>;
  /** Reaches warehouses; refuses hosts that resolve to blocked addresses. */
  readonly dial: Dial;
  /** A folder of the account's own on this machine (embedded), for the DuckDB kind. */
  readonly accountFolder: (accountId: AccountId) => string;
  /** A folder for scratch files of this process; what is in it may vanish between steps. */
  readonly scratchFolder: string;
  /** One line of JSON per event; never a secret or a row. */
  readonly log: (event: string, fields?: Readonly<Record<string, unknown>>) => void;
}

/** A use case: what a handler, a route or a state calls. */
export type Flow<Request, Answer> = (deps: Deps, request: Request, signal: AbortSignal) => Promise<Answer>;

import { resolve } from "node:path";
import * as z from "zod";

/** How the local system is set up. Ports 0 take free ones. */
export interface LocalSettings {
  /** Everything is kept in here. */
  readonly dataFolder: string;
  /** Where API and SFTP listen. */
  readonly host: string;
  readonly httpPort: number;
  readonly sftpPort: number;
  /** Address ranges, as CIDR, that warehouses may lie in although they are not public. */
  readonly allowedRanges: readonly string[];
  readonly threads: number;
  readonly memoryMb: number;
  /** Whether the log goes to standard error, too. */
  readonly isVerbose: boolean;
}

/** Loopback and the private ranges: whoever runs this on a machine of their own reaches their own network from it. */
export const ownNetworks = [
  "127.0.0.0/8",
  "::1/128",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fc00::/7",
] as const;

/** Each variable, its default and what it does: `--help` prints this. */
export const settingVariables = {
  WS_DATA: ["./.data", "folder that holds everything; one process at a time"],
  WS_HOST: ["127.0.0.1", "address that API and SFTP listen on"],
  WS_HTTP_PORT: ["4280", "port of the API; 0 takes a free one"],
  WS_SFTP_PORT: ["2222", "port of the SFTP endpoint; 0 takes a free one"],
  WS_ALLOW_PRIVATE: ["own", "private ranges warehouses may lie in: own (loopback and private), none, or CIDRs"],
  WS_THREADS: ["2", "threads of the engine"],
  WS_MEMORY_MB: ["640", "memory of the engine in MiB"],
  WS_VERBOSE: ["0", "1 writes the log to standard error, too"],
} as const satisfies Record<`WS_${string}`, readonly [string, string]>;

const port = z.coerce.number().int().min(0).max(65_535);

const Environment = z.object({
  WS_DATA: z
    .string()
    .min(1)
    .transform((path) => resolve(path)),
  WS_HOST: z.string().min(1),
  WS_HTTP_PORT: port,
  WS_SFTP_PORT: port,
  WS_ALLOW_PRIVATE: z
    .string()
    .transform(rangesOf)
    .pipe(z.array(z.union([z.cidrv4(), z.cidrv6()]))),
  WS_THREADS: z.coerce.number().int().min(1).max(64),
  WS_MEMORY_MB: z.coerce.number().int().min(256),
  WS_VERBOSE: z.enum(["0", "1"]),
});

/** Reads the settings from the environment. Throws an error that names each variable that is not valid. */
export function settingsFrom(environment: Readonly<Record<string, string | undefined>>): LocalSettings {
  const given = Object.fromEntries(
    Object.entries(settingVariables).map(([name, [byDefault]]) => [name, environment[name] || byDefault]),
  );
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path[0]?.toString()}: ${issue.message}`);
    throw new RangeError(`settings are not valid: ${faults.join("; ")}`);
  }
  const values = parsed.data;
  return {
    dataFolder: values.WS_DATA,
    host: values.WS_HOST,
    httpPort: values.WS_HTTP_PORT,
    sftpPort: values.WS_SFTP_PORT,
    allowedRanges: values.WS_ALLOW_PRIVATE,
    threads: values.WS_THREADS,
    memoryMb: values.WS_MEMORY_MB,
    isVerbose: values.WS_VERBOSE === "1",
  };
}

function rangesOf(text: string): string[] {
  if (text === "own") return [...ownNetworks];
  return text === "none" ? [] : text.split(",").map((range) => range.trim());
}

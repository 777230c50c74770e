import { execFile } from "node:child_process";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A resource as it stands in a template. */
interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** As much of a template as deploying needs. */
export interface StackTemplate {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
}

/** What the CDK app leaves behind: its templates, and where the code behind each asset lies. */
export interface Assembly {
  readonly stacks: Readonly<Record<string, StackTemplate>>;
  /** By the name that a template gives to the archive: `<hash>.zip`. */
  readonly assetFolders: ReadonlyMap<string, string>;
}

interface AssetManifest {
  readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
}

/** Of this machine: its own DuckDB is packed, so no registry is asked. */
const architecture = process.arch === "arm64" ? "arm64" : "x86_64";

/** Runs the CDK app as `cdk synth` does, bundles and all, with options of `-c`. */
export async function synthesise(folder: string, options: Readonly<Record<string, string>> = {}): Promise<Assembly> {
  const { context } = JSON.parse(readFileSync("cdk.json", "utf8")) as { readonly context: object };
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    CDK_OUTDIR: folder,
    CDK_CONTEXT_JSON: JSON.stringify({ ...context, architecture, ...options, "aws:cdk:disable-asset-staging": true }),
  };
  await run(process.execPath, ["bin/warehouse-sync.ts"], { env, maxBuffer: 64 * 1024 * 1024 });
  return withOwnCode(readAssembly(folder), join(folder, "code"));
}

/** The code as an upload would take it: the next synthesis writes into the same folders. */
function withOwnCode({ stacks, assetFolders }: Assembly, codeFolder: string): Assembly {
  const bundles = [...assetFolders].filter(([, path]) => existsSync(join(path, "index.mjs")));
  const copied = bundles.map(([name, path]) => {
    const copy = join(codeFolder, name.replace(".zip", ""));
    cpSync(path, copy, { recursive: true });
    return [name, copy] as const;
  });
  return { stacks, assetFolders: new Map(copied) };
}

/** Reads what the app left in its output folder. */
function readAssembly(folder: string): Assembly {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
    readonly artifacts: Readonly<
      Record<string, { readonly type: string; readonly properties?: { templateFile?: string } }>
    >;
  };
  const stacks: Record<string, StackTemplate> = {};
  const assetFolders = new Map<string, string>();
  for (const [name, { type, properties }] of Object.entries(manifest.artifacts)) {
    if (type !== "aws:cloudformation:stack") continue;
    stacks[name] = JSON.parse(readFileSync(join(folder, properties?.templateFile ?? ""), "utf8")) as StackTemplate;
    const assets = JSON.parse(readFileSync(join(folder, `${name}.assets.json`), "utf8")) as AssetManifest;
    for (const [hash, { source }] of Object.entries(assets.files)) assetFolders.set(`${hash}.zip`, source.path);
  }
  return { stacks, assetFolders };
}

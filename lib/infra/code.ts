import { join } from "node:path";
import { bundleFunctions, repositoryRoot } from "./bundles/bundle.ts";
import { duckdbLayer } from "./bundles/duckdb-layer.ts";
import { librariesLayer, requireDeployable } from "./bundles/sizes.ts";
import type { Config } from "./config.ts";
import type { Code } from "./constructs/functions.ts";
import { hasEngine } from "./function-specs.ts";

interface CodeOptions {
  /** Told what takes a while. */
  readonly say: (text: string) => void;
}

/** Makes the code of every function and the layers, as folders in the cache. Throws where Lambda would refuse their size. */
export async function makeCode(config: Config, { say }: CodeOptions): Promise<Code> {
  const cache = join(repositoryRoot, ".cache");
  const bundles = await bundleFunctions(join(cache, "bundles"), hasEngine);
  const { extraLibraries, architecture } = config;
  const engineLayers = [
    await duckdbLayer(architecture, { say }),
    ...(extraLibraries === null ? [] : [await librariesLayer(extraLibraries, join(cache, "extra-libraries"))]),
  ];
  for (const { name, folder } of bundles)
    await requireDeployable(name, [folder, ...(hasEngine(name) ? engineLayers : [])]);
  return { engineLayers, folderOf: (name) => folderOf(name, bundles) };
}

function folderOf(name: string, bundles: readonly { readonly name: string; readonly folder: string }[]): string {
  const bundle = bundles.find((each) => each.name === name);
  if (bundle === undefined) throw new TypeError(`functions/ has no folder for ${name}`);
  return bundle.folder;
}

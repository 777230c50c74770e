import { loadDestination } from "../destinations/registry.ts";
import { deployedKinds } from "./bundles/deployed-kinds.ts";
import type { Kind } from "./constructs/network.ts";

/** The kinds of warehouse that get a writer, with their ports. */
export async function loadKinds(): Promise<readonly Kind[]> {
  const kinds = await deployedKinds();
  return Promise.all(
    kinds.map(async (kind) => {
      const { ports, settings } = await loadDestination(kind);
      return { kind, ports, takesRoles: "roleArn" in settings.shape };
    }),
  );
}

/** Names of an installation's stacks: `warehouse-sync` has `WarehouseSyncData` and `WarehouseSyncApp`. */
export function stackNames(name: string): { readonly data: string; readonly app: string } {
  const words = name.split("-").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return { data: `${words.join("")}Data`, app: `${words.join("")}App` };
}

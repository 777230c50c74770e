import type { Installation } from "../route.ts";

/** The addresses for a warehouse's allow-list, and what to make of them. */
export function egressView({ egressAddresses, isThisMachine }: Installation) {
  return {
    addresses: egressAddresses,
    areFixed: egressAddresses.length > 0,
    note: noteOn(egressAddresses, isThisMachine === true),
  };
}

function noteOn(addresses: readonly string[], isThisMachine: boolean): string {
  if (addresses.length > 0) return "Admit each of these addresses: connections come from any of them, and they stay.";
  if (isThisMachine)
    return "Connections come from this machine's own addresses, as its network gives and changes them.";
  return "Connections come from addresses that change: this installation has no fixed ones. Do not restrict the warehouse by address, or ask the operator to deploy with NAT gateways.";
}

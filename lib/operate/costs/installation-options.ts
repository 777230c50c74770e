import type { Inventory } from "./inventory.ts";

/** Of the options of a deployment, those that change its cost by the month. */
export interface CostOptions {
  readonly natGateways: "0" | "1" | "per-zone";
  readonly zones: number;
  readonly sftp: boolean;
  readonly hasOwnVpc: boolean;
  readonly auditTrail: boolean;
}

/** The options of a first deployment. */
export const defaultOptions: CostOptions = {
  natGateways: "1",
  zones: 2,
  sftp: true,
  hasOwnVpc: false,
  auditTrail: false,
};

/** What the stacks hold whatever the options say; a test compares it with the synthesised templates. */
const always = { keys: 1, secrets: 0, alarmMetrics: 20, dashboards: 1, interfaceEndpoints: 0 };

/** What would be deployed with these options, without synthesising it. */
export function expectedInventory(options: CostOptions): Inventory {
  const gateways = options.natGateways === "per-zone" ? options.zones : Number(options.natGateways);
  const natGateways = options.hasOwnVpc ? 0 : gateways;
  return { ...always, natGateways, publicAddresses: natGateways, sftpEndpoints: options.sftp ? 1 : 0 };
}

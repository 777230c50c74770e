import type { Price } from "../../model/price.ts";
import type { Inventory } from "./inventory.ts";
import { monthHours, prices } from "./prices.ts";

/** One line of a bill: so many units of a price. */
export interface CostLine {
  readonly what: string;
  readonly units: number;
  readonly price: Price;
}

/** Metrics of our own: five from the sweep and two from the steps that record failures, without dimensions of tenants. */
const ownMetrics = 7;

/** Dollars that a bill comes to. */
export function dollarsOf(lines: readonly CostLine[]): number {
  return lines.reduce((sum, line) => sum + line.units * line.price.dollars, 0);
}

/** What an installation costs a month before a single row moves, without the free tier. Lines of nothing are left out. */
export function fixedCosts(inventory: Inventory): readonly CostLine[] {
  const lines: readonly CostLine[] = [
    line("NAT gateways", inventory.natGateways * monthHours, prices.natHour),
    line("Elastic IPs", inventory.publicAddresses * monthHours, prices.publicAddressHour),
    line("SFTP endpoint (Transfer Family)", inventory.sftpEndpoints * monthHours, prices.sftpHour),
    line("KMS keys", inventory.keys, prices.keyMonth),
    line("secrets", inventory.secrets, prices.secretMonth),
    line("alarms", inventory.alarmMetrics, prices.alarmMetricMonth),
    line("metrics", ownMetrics, prices.metricMonth),
    line("dashboards", inventory.dashboards, prices.dashboardMonth),
  ];
  return lines.filter(({ units }) => units > 0);
}

function line(what: string, units: number, price: Price): CostLine {
  return { what, units, price };
}

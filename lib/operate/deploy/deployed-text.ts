import { tableText } from "../../local/cli/text.ts";
import { outputKeys } from "../stack-outputs.ts";

/** What an operator needs to know after a deployment: addresses, and what to do next. */
export function deployedText(name: string, outputs: Readonly<Record<string, string>>): string {
  const rows = [
    ["API", outputs[outputKeys.api]],
    ["SFTP", outputs[outputKeys.sftp] ?? "off"],
    ["Leaves from", outputs[outputKeys.egress] || "no fixed addresses (no NAT gateway)"],
  ].filter((row) => row[1] !== undefined);
  const names = name === "warehouse-sync" ? "" : ` -c name=${name}`;
  return [
    "\nDeployed.\n",
    tableText(["What", "Address"], rows),
    "\nWarehouses that let in listed addresses only must list those above.",
    `Next: npm run first-account --${names} --name "Acme" --user "Ann" --key ~/.ssh/id_ed25519.pub`,
  ].join("\n");
}

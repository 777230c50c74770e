import ipaddr from "ipaddr.js";

/** `true` admits the private ranges (RFC 1918, unique local, carrier-grade NAT); a list, just the ranges in it. */
export type PrivateAllowance = boolean | readonly string[];

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const privateRanges: readonly string[] = ["private", "uniqueLocal", "carrierGradeNat"];

/**
 * Where clouds answer with credentials. Some lie in ranges that an operator may well allow, one in public space.
 * AWS https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
 * Azure https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const metadataAddresses: readonly string[] = [
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
];

/** Decides which addresses may be dialled: public ones, and the operator's allowance. */
export function makeAddressRule(allowPrivate: PrivateAllowance): (address: string) => boolean {
  const ranges = typeof allowPrivate === "boolean" ? [] : allowPrivate.map((range) => ipaddr.parseCIDR(range));
  return (text) => {
    if (!ipaddr.isValid(text)) return false;
    const address = withoutMapping(ipaddr.parse(text));
    if (metadataAddresses.includes(address.toString())) return false;
    const kind = address.range();
    if (kind === "unicast") return isGlobalSpace(address);
    if (allowPrivate === true) return privateRanges.includes(kind);
    return ranges.some((range) => admits(range, address, kind));
  };
}

/** Of IPv6 only this part is given out; outside of it lie embeddings of IPv4 and retired local ranges. */
const globalSpace = ipaddr.IPv6.parseCIDR("2000::/3");

function isGlobalSpace(address: Address): boolean {
  return address instanceof ipaddr.IPv4 || address.match(globalSpace);
}

/** A wide range admits private addresses only; loopback, link-local and the like have to be named as such. */
function admits([network, bits]: [Address, number], address: Address, kind: string): boolean {
  if (network.kind() !== address.kind() || !matches(address, network, bits)) return false;
  return privateRanges.includes(kind) || network.range() === kind;
}

function matches(address: Address, network: Address, bits: number): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits);
  return network instanceof ipaddr.IPv6 && address.match(network, bits);
}

/** `::ffff:10.0.0.1` reaches 10.0.0.1, so it is judged as that. Other embeddings of IPv4 are no plain unicast, and refused. */
function withoutMapping(address: Address): Address {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

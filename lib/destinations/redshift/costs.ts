import { price } from "../../model/price.ts";
import type { CostItem, LoadVolume } from "../destination.ts";

const page = "https://aws.amazon.com/redshift/pricing/";

/** Of Serverless, in us-east-1. Capacity is billed by the second: https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-billing.html */
const rpuHour = price(0.375, "hour of one RPU of Redshift Serverless", page, "unverified");
const gbMonth = price(0.024, "GB of managed storage and month", page, "unverified");

/** The smallest base that suits loads; a provisioned cluster is paid whether it loads or not. */
const assumedRpus = 8;

/** As a Serverless workgroup pays for the time in which it loads. */
export function redshiftCosts({ bytes, seconds }: LoadVolume): readonly CostItem[] {
  return [
    {
      what: `Serverless with ${assumedRpus} RPUs; nothing on top on a provisioned cluster`,
      quantity: (seconds / 3_600) * assumedRpus,
      price: rpuHour,
    },
    { what: "storage, each month", quantity: bytes / 1e9, price: gbMonth },
  ];
}

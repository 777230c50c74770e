import { s3Prices } from "../../model/price.ts";
import type { CostItem, LoadVolume } from "../destination.ts";

const gb = 1e9;

/** A file is put, and copied once its manifest names it; each batch puts a manifest and its receipt. */
export function s3Costs({ bytes, files, batches }: LoadVolume): readonly CostItem[] {
  return [
    { what: "files and manifests", quantity: 2 * files + 2 * batches, price: s3Prices.put },
    { what: "storage, each month", quantity: bytes / gb, price: s3Prices.gbMonth },
  ];
}

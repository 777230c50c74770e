import type { Preview } from "../../flows/preview/preview-selection.ts";
import { pricesCheckedOn } from "../../model/price.ts";

/** An estimate before anything is sent, with the source of each price. */
export function previewView({ kind, selection, objects, total, isUpperBound, cost, warnings }: Preview) {
  const { seconds, ...volume } = total;
  return {
    destination: kind,
    selection,
    objects,
    ...volume,
    isUpperBound,
    estimatedSeconds: seconds,
    /** Null where it is not known. */
    estimatedCost:
      cost === null
        ? null
        : {
            dollars: Number(cost.dollars.toFixed(4)),
            pricesCheckedOn,
            items: cost.items.map(({ what, quantity, price }) => ({
              what,
              quantity,
              dollars: Number((quantity * price.dollars).toFixed(4)),
              price: { dollars: price.dollars, per: price.per, source: price.page, seen: price.seen },
            })),
          },
    warnings,
  };
}

import { type Item, type ItemKey, itemBytesMax, type TableWrite, transactionItemsMax } from "../flows/ports.ts";

/** Bytes of UTF-8: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const partitionKeyBytesMax = 2_048;
const sortKeyBytesMax = 1_024;

/** The JSON text of an item; refuses with a `RangeError` what not every adapter can hold. */
export function itemText(item: Item): string {
  checkKey(item);
  const text = JSON.stringify(item);
  const bytes = Buffer.byteLength(text);
  if (bytes > itemBytesMax) {
    throw new RangeError(`the item ${item.pk} ${item.sk} has ${bytes} bytes, ${itemBytesMax} are allowed`);
  }
  return text;
}

/** Refuses keys that are empty, too long, or no Unicode text. */
export function checkKey(key: ItemKey): void {
  checkPart("partition key", key.pk, partitionKeyBytesMax);
  checkPart("sort key", key.sk, sortKeyBytesMax);
}

function checkPart(name: string, text: string, bytesMax: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes === 0 || bytes > bytesMax || !text.isWellFormed()) {
    throw new RangeError(`a ${name} has 1 to ${bytesMax} bytes of Unicode text, not ${JSON.stringify(text)}`);
  }
}

export function keyOf(write: TableWrite): ItemKey {
  if ("put" in write) return write.put;
  return "delete" in write ? write.delete : write.check;
}

/** Refuses transactions that are too long or name one item twice. */
export function checkTransaction(writes: readonly TableWrite[]): void {
  if (writes.length > transactionItemsMax) {
    throw new RangeError(`a transaction has at most ${transactionItemsMax} writes, not ${writes.length}`);
  }
  const named = new Set(writes.map((write) => JSON.stringify([keyOf(write).pk, keyOf(write).sk])));
  if (named.size < writes.length) throw new RangeError("two writes of one transaction name the same key");
}

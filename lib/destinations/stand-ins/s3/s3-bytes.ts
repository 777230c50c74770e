import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import type { Stretch } from "./s3-objects.ts";

export interface KeptBytes {
  readonly stretch: Stretch;
  readonly md5: string;
  readonly crc32: string;
}

/** Streams bytes into a new file of the folder. */
export async function keepBytes(source: AsyncIterable<Buffer>, folder: string): Promise<KeptBytes> {
  const path = join(folder, randomUUID());
  const md5 = createHash("md5");
  let [bytes, sum] = [0, 0];
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      sum = crc32(chunk, sum);
      md5.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(source, meter, createWriteStream(path));
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(sum);
  return { stretch: { path, bytes }, md5: md5.digest("hex"), crc32: checksum.toString("base64") };
}

/** What lies in an object's stretches from `start` to before `end`. */
export async function* bytesOf(stretches: readonly Stretch[], start: number, end: number): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const { path, bytes } of stretches) {
    const [from, to] = [Math.max(start - offset, 0), Math.min(end - offset, bytes)];
    if (from < to) yield* createReadStream(path, { start: from, end: to - 1, highWaterMark: 256 * 1024 });
    offset += bytes;
  }
}

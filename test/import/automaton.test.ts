import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allStates, runAutomaton } from "../../lib/engine/csv/automaton.ts";
import { cutFile } from "../../lib/engine/csv/cut-file.ts";
import { runByQuotes } from "../../lib/engine/csv/quote-run.ts";
import type { RecordReader } from "../../lib/engine/csv/record.ts";
import { readRecords } from "../../lib/engine/csv/record-stream.ts";
import { scanBytes } from "../../lib/engine/csv/scan-bytes.ts";
import { anySignal } from "../support/account-rig.ts";
import { tempFolder } from "../support/temp-folder.ts";

const comma = 44;

describe("cutting", () => {
  test.each([
    ["quoted breaks", 'a,"x\ny",b\n"""",5" pipe,"c\r\n,d"\r\nlast,"",no break'],
    ["blank lines", "\n\na,b\r\n\r\n\rc,d\r\r\n\ne,f\n"],
    ["lone quotes", '5" pipe,a"b"c\n "x",y\n'],
    ["text after a quote", '"a"b,c\n"d" ,"e"f"\ng,h\n'],
    ["an open quote", 'a,b\n"c,d\ne,f\n'],
    ["CR only", 'a,b\r"c\rd",e\rf,g'],
    ["characters of many bytes", 'ä,"😀\n"\nü,"é"\n'],
  ])("at every two bytes equals the serial result: %s", async (_name, text) => {
    const data = Buffer.from(text);
    const whole = await recordsOf(data, [[0, data.length]]);

    for (let first = 0; first <= data.length; first += 1) {
      for (let second = first; second <= data.length; second += 1) {
        const cut = await recordsOf(data, [
          [0, first],
          [first, second],
          [second, data.length],
        ]);
        expect(cut, `cut at ${first} and ${second}`).toEqual(whole);
      }
    }
  });

  test("anything anywhere equals the serial result", async () => {
    const piece = fc.constantFrom('"', '""', ",", "\n", "\r", "\r\n", "a", "ä", " ", "x".repeat(40));
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 60 }),
        fc.array(fc.nat(200), { maxLength: 5 }),
        async (pieces, cuts) => {
          const data = Buffer.from(pieces.join(""));
          const borders = [0, ...cuts.map((cut) => Math.min(cut, data.length)).toSorted((a, b) => a - b), data.length];
          const ranges = borders.slice(1).map((end, index): [number, number] => [borders[index] ?? 0, end]);

          expect(await recordsOf(data, ranges)).toEqual(await recordsOf(data, [[0, data.length]]));
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  test("from quote to quote tells the same as byte by byte", () => {
    const bytes = fc.array(fc.constantFrom(...Buffer.from('"",\nab')), { minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(
        bytes,
        fc.nat(15),
        fc.constantFrom(...allStates),
        fc.constantFrom(-1, 13, 10),
        (data, start, state, edge) => {
          const all = Uint8Array.from(data);
          const from = Math.min(start, all.length - 1);
          const options = { delimiter: comma, start: state, before: from === 0 ? edge : (all[from - 1] ?? -1) };

          expect(runByQuotes(all, from, all.length, options)).toEqual(runAutomaton(all, from, all.length, options));
        },
      ),
      { numRuns: 20_000, seed: 3 },
    );
  });

  test("knows how many lines lie before a slice", () => {
    const data = Buffer.from('a,b\n"c\nd",e\r\nf,g\n');

    const [first, second] = [
      scanBytes(data.subarray(0, 7), comma, -1),
      scanBytes(data.subarray(7), comma, data[6] ?? -1),
    ];

    expect(
      cutFile(
        [
          [0, 7],
          [7, data.length],
        ],
        [first, second],
        1,
      ),
    ).toEqual([
      { start: 0, end: 13, linesBefore: 1 },
      { start: 13, end: 17, linesBefore: 4 },
    ]);
  });
});

/** Every record with its line and fault, read slice by slice: from the file, and every other time from a copy of no more than the slice. */
async function recordsOf(data: Buffer, ranges: readonly (readonly [number, number])[]): Promise<unknown[]> {
  const path = join(folder, "data.csv");
  if (written !== data) writeFileSync(path, data);
  written = data;
  const scans = ranges.map(([start, end]) => scanBytes(data.subarray(start, end), comma, data[start - 1] ?? -1));
  const records: unknown[] = [];
  for (const [index, slice] of cutFile(ranges, scans, 0).entries()) {
    const place = index % 2 === 0 ? { path, offset: slice.start } : copyOf(data.subarray(slice.start, slice.end));
    const source = { ...place, ...slice, delimiter: comma, columns: 2 };
    await readRecords(
      source,
      {
        record: (bytes: Uint8Array, start: number, reader: RecordReader, line: number) =>
          void records.push([line, reader.fault, Buffer.from(bytes.subarray(start, reader.end)).toString("latin1")]),
        skipped: (fault, line) => void records.push([line, fault, null]),
        flush: async () => {},
      },
      anySignal,
    );
  }
  return records;
}

/** Bytes alone in a file, a little way into it. */
function copyOf(slice: Buffer): { path: string; offset: number } {
  const path = join(folder, "slice.csv");
  writeFileSync(path, Buffer.concat([Buffer.from('"'), slice]));
  return { path, offset: 1 };
}

let written: Buffer | undefined;
const folder = tempFolder().path;

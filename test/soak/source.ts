import type { Deps } from "../../lib/flows/deps.ts";
import type { AccountId } from "../../lib/model/ids.ts";
import type { DataObject, Position } from "../../lib/model/log.ts";
import { type ChangeRow, eventRow, profileRow } from "../support/change-files.ts";
import { publishChanges } from "../support/change-log.ts";
import type { Dice } from "../support/dice.ts";

/** A title that a warehouse in memory refuses, where it is told to. */
export const poison = "poison";

const texts = [
  "plain",
  "",
  'O\'Brien, "x"',
  "line\nend",
  "日本語",
  "👩‍👩‍👧‍👦",
  "\\N",
  "  spaces  ",
  "null",
  "mid\ufeffdle",
];
const jsons = ['{"n":9007199254740993}', '{"a":{"b":[1,[2,{"c":null}]]}}', '{"":1,"é":"\\ud83d\\ude00"}', "{}", null];

/** Everything that was published, as the warehouse has to hold it in the end. */
export class Source {
  readonly profiles = new Map<string, ChangeRow>();
  readonly events = new Map<string, ChangeRow>();
  /** Rows of each file of each entry: `[entry][file]`, by object. */
  readonly rowsBySeq: Readonly<Record<DataObject, number[][]>> = { profiles: [], events: [] };
  readonly #deps: Deps;
  readonly #accountId: AccountId;
  readonly #dice: Dice;
  readonly #share: number;

  constructor(deps: Deps, accountId: AccountId, dice: Dice, poisonShare: number) {
    this.#deps = deps;
    this.#accountId = accountId;
    this.#dice = dice;
    this.#share = poisonShare;
  }

  /** Appends one entry to each log: some profiles anew or changed, some events new. */
  async publish(): Promise<void> {
    const seq = this.rowsBySeq.profiles.length + 1;
    const profileFiles = this.#files(4, (file, row) =>
      this.#profile(`p${(file * 7 + row * 3 + this.#dice.below(5)) % 40}`, seq),
    );
    const eventFiles = this.#files(3, (file, row) => this.#event(`e${seq}-${file}-${row}`, seq));
    const once = onceEach(profileFiles);
    await publishChanges(this.#deps, this.#accountId, { profiles: once, events: eventFiles });
    for (const row of once.flat()) if (row["title"] !== poison) this.profiles.set(String(row["id"]), row);
    for (const row of eventFiles.flat()) this.events.set(String(row["id"]), row);
    this.rowsBySeq.profiles.push(once.map((rows) => rows.length));
    this.rowsBySeq.events.push(eventFiles.map((rows) => rows.length));
  }

  get seq(): number {
    return this.rowsBySeq.profiles.length;
  }

  filesOf(object: DataObject, seq: number): number {
    return this.rowsBySeq[object][seq - 1]?.length ?? 0;
  }

  /** Rows of the log between two positions, both inclusive. */
  rowsBetween(object: DataObject, first: Position, last: Position): number {
    let rows = 0;
    for (let seq = first.seq; seq <= last.seq; seq += 1)
      for (const [index, count] of (this.rowsBySeq[object][seq - 1] ?? []).entries()) {
        const isAfterFirst = seq > first.seq || index + 1 >= first.file;
        const isBeforeLast = seq < last.seq || index + 1 <= last.file;
        if (isAfterFirst && isBeforeLast) rows += count;
      }
    return rows;
  }

  #files(filesMax: number, row: (file: number, row: number) => ChangeRow): ChangeRow[][] {
    return Array.from({ length: 1 + this.#dice.below(filesMax) }, (_, file) =>
      Array.from({ length: 1 + this.#dice.below(6) }, (_unused, index) => row(file, index)),
    );
  }

  #profile(id: string, seq: number): ChangeRow {
    const isPoison = this.#dice.chance(this.#share);
    const title = isPoison ? poison : `${seq} ${this.#pick(texts)}`;
    return profileRow(id, seq, { title, properties: this.#pick(jsons) ?? null });
  }

  #event(id: string, seq: number): ChangeRow {
    const value = `${this.#dice.below(1000)}.${this.#dice.below(10)}`;
    return eventRow(id, seq, {
      value,
      event_properties: this.#pick(jsons) ?? null,
      unique_id: this.#pick(texts) ?? null,
    });
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[this.#dice.below(list.length)];
  }
}

/** A profile stands once in an entry: consolidation folds what came together. */
function onceEach(files: readonly (readonly ChangeRow[])[]): ChangeRow[][] {
  const seen = new Set<string>();
  const kept = files.map((rows) => rows.filter((row) => !seen.has(String(row["id"])) && seen.add(String(row["id"]))));
  return kept.filter((rows) => rows.length > 0);
}

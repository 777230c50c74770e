/** A CSV to upload, and what a reader of it must find. */
export interface SampleFile {
  readonly name: string;
  readonly text: string;
  readonly rows: number;
  /** Rows that are wrong on purpose. */
  readonly rejected: number;
}

export interface SampleData {
  readonly profiles: SampleFile;
  readonly events: SampleFile;
  /** Some people moved, some are new. */
  readonly changedProfiles: SampleFile;
  /** People there are in all after the first two files, those that only an event names among them. */
  readonly profileCount: number;
  readonly changedCount: number;
  readonly newCount: number;
  /** Sum of the values of all accepted events, in hundredths. */
  readonly valueHundredths: number;
}

const firstNames = ["Ada", "Björn", "Chloé", "Dmitri", "Esi", "Fatima", "Gwen", "Hiro", "Inés", "Jürgen"];
const lastNames = ["Abara", "Brontë", "Çelik", "Doe", "Eriksen", "Fernández", "Gupta", "Hall", 'O"Neil, Jr', "Žižka"];
const cities = ["London", "São Paulo", "Zürich", "Kraków", "Lagos", "Osaka", "Montréal", "Reykjavík"];
const countries = ["GB", "BR", "CH", "PL", "NG", "JP", "CA", "IS"];
const products = ["Mug", "Lantern", "T-light holder", "Bunting, 3 m", "Doorstop", "Umbrella"];
const metrics = ["Placed Order", "Viewed Product", "Opened Email"];
const wrongEvery = 401;
/** People of whom we only know that they did something. */
const strangers = 25;
const start = Date.UTC(2025, 0, 1);

/** Profiles and events of a small shop. The same seed and size give the same bytes. */
export function sampleData(options: { profiles: number; events: number; seed: number }): SampleData {
  const random = randomFrom(options.seed);
  const changedCount = Math.max(1, Math.floor(options.profiles / 100));
  const newCount = Math.max(1, Math.floor(options.profiles / 400));
  const profiles = profilesFile("customers.csv", numbers(0, options.profiles), random);
  const { file: events, valueHundredths } = eventsFile(options, random);
  return {
    profiles,
    events,
    valueHundredths,
    changedProfiles: movedFile(changedCount, numbers(options.profiles, newCount)),
    profileCount: options.profiles + Math.min(strangers, options.events),
    changedCount,
    newCount,
  };
}

const profileHeader = "Email,ExternalID,First Name,Last Name,City,Country,Loyalty Tier,Points,Interests";

function profilesFile(name: string, people: readonly number[], random: () => number): SampleFile {
  const lines = [profileHeader];
  let rejected = 0;
  for (const person of people) {
    lines.push(profileLine(person, pick(cities, random()), random));
    if (person % wrongEvery === 7) {
      lines.push(`not-an-address-${person},,Wrong,Row,,,,,`);
      rejected += 1;
    }
  }
  return fileOf(name, lines, rejected);
}

function profileLine(person: number, city: string, random: () => number): string {
  return [
    emailOf(person),
    `C-${person}`,
    pick(firstNames, random()),
    quoted(pick(lastNames, random())),
    city,
    countries[cities.indexOf(city)] ?? "",
    pick(["gold", "silver", "bronze", ""], random()),
    String(Math.floor(random() * 5_000)),
    quoted(JSON.stringify([pick(products, random()), pick(products, random())])),
  ].join(",");
}

function eventsFile(
  options: { profiles: number; events: number },
  random: () => number,
): { file: SampleFile; valueHundredths: number } {
  const lines = ["Email,Metric,Timestamp,$event_id,$value,Product,Quantity"];
  let rejected = 0;
  let valueHundredths = 0;
  for (const event of numbers(0, options.events)) {
    const person = event < strangers ? options.profiles + 1_000_000 + event : Math.floor(random() * options.profiles);
    const at = new Date(start + Math.floor(random() * 300 * 86_400) * 1_000).toISOString();
    const hundredths = Math.floor(random() * 20_000);
    valueHundredths += hundredths;
    const value = (hundredths / 100).toFixed(2);
    const [metric, product] = [pick(metrics, random()), quoted(pick(products, random()))];
    lines.push([emailOf(person), metric, at, `E-${event}`, value, product, event % 9].join(","));
    if (event % wrongEvery === 11) {
      lines.push(`${emailOf(person)},Placed Order,yesterday,E-wrong-${event},1.00,Mug,1`);
      rejected += 1;
    }
  }
  return { file: fileOf("orders.csv", lines, rejected), valueHundredths };
}

/** Only what changes: absent columns leave what is there. */
function movedFile(changedCount: number, newcomers: readonly number[]): SampleFile {
  const moved = numbers(0, changedCount).map((person) => `${emailOf(person)},Atlantis,${person}`);
  const joined = newcomers.map((person) => `${emailOf(person)},Atlantis,0`);
  return fileOf("customers-moved.csv", ["Email,City,Points Given", ...moved, ...joined], 0);
}

function fileOf(name: string, lines: readonly string[], rejected: number): SampleFile {
  return { name, text: `${lines.join("\n")}\n`, rows: lines.length - 1, rejected };
}

function emailOf(person: number): string {
  return `person${person}@example.com`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function pick<T>(list: readonly T[], fraction: number): T {
  const item = list[Math.floor(fraction * list.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

/** mulberry32: small, seeded, good enough for sample data. */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import { type ChangeRow, eventRow, profileRow } from "./change-files.ts";

const nested = (depth: number) => `${'{"a":['.repeat(depth)}1${"]}".repeat(depth)}`;

/** Texts by what is odd about them; each becomes the title of a profile and the unique id of an event. */
const texts = {
  "empty text": "",
  "quotes and commas": `"a","b",'c'`,
  "line ends": "a\nb\r\nc\rd",
  "the end mark of COPY": "\\.",
  "backslashes and the null of COPY": "\\N \\n \\\\ \\x41",
  "spaces around": "  x  ",
  "the word null": "null",
  "other scripts": "日本語 العربية עברית ไทย",
  "emoji of several code points": "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "combining marks, not composed": "e\u0301 é",
  "controls but NUL": "\u0001\u0007\u001b\u007f\u0085",
  "U+0000": "a\0b",
  "a byte order mark": "\ufeffx",
  "the last code points": "\uffff\u{10ffff}",
  "65,535 bytes": "x".repeat(65_535),
  "65,536 bytes": "x".repeat(65_536),
  "65,536 bytes in 32,768 letters": "é".repeat(32_768),
  "one megabyte": "x€".repeat(262_144),
} as const;

/** JSON by what is odd about it; each becomes the properties of a profile and of an event. */
const jsons = {
  "an integer past 2^53": '{"n":9007199254740993}',
  "an integer of 38 digits": '{"n":12345678901234567890123456789012345678}',
  "a decimal that no double holds": '{"n":0.1234567890123456789}',
  exponents: '{"a":1e3,"b":-1.5E-7}',
  "an exponent past every decimal": '{"n":1e300}',
  "depth 60": nested(30),
  "depth 400": nested(200),
  "null beside absent": '{"there":null}',
  absent: "{}",
  "an empty list": "[]",
  "JSON null": "null",
  "a bare text": '"x"',
  "a bare number": "5",
  "keys that differ in case only": '{"Key":1,"key":2}',
  "odd keys": '{"":1,"a b":2,"\\"":3,"é":4,"$ref":5,"a.b":6}',
  "escaped U+0000": '{"s":"a\\u0000b"}',
  "an escaped surrogate pair": '{"s":"\\ud83d\\ude00"}',
  "a lone surrogate": '{"s":"\\ud800"}',
  "a string of 65,535 bytes in JSON": `{"s":"${"x".repeat(65_535)}"}`,
  "a string of 65,536 bytes in JSON": `{"s":"${"x".repeat(65_536)}"}`,
  "one megabyte in JSON": `{"s":"${"x€".repeat(262_144)}"}`,
} as const;

/** Instants and numbers of events. */
const moments = {
  "the first instant": { event_at: "0001-01-01 00:00:00", value: "0" },
  "just before 1970": { event_at: "1969-12-31 23:59:59.999999", value: "-0.000000001" },
  "a microsecond": { event_at: "2026-03-29 01:30:00.000001", value: "12345678901234567890123456789.123456789" },
  "the last instant": { event_at: "9999-12-31 23:59:59.999999", value: null },
} as const satisfies Record<string, ChangeRow>;

/** The values of the corpus by name: the id of the row that holds each. */
export const corpusProfiles: readonly ChangeRow[] = [
  ...Object.entries(texts).map(([name, title]) => profileRow(name, 1, { title })),
  ...Object.entries(jsons).map(([name, properties]) => profileRow(name, 1, { properties })),
  profileRow("nothing but what is required", 1),
];

export const corpusEvents: readonly ChangeRow[] = [
  ...Object.entries(texts).map(([name, unique_id]) => eventRow(name, 1, { unique_id })),
  ...Object.entries(jsons).map(([name, event_properties]) => eventRow(name, 1, { event_properties })),
  ...Object.entries(moments).map(([name, more]) => eventRow(name, 1, more)),
];

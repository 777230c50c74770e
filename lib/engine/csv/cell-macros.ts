import { decimalDigitsMax, emailBytesMax, idBytesMax, metricCharactersMax, phoneDigits } from "../../model/limits.ts";
import type { Engine } from "../engine.ts";
import { instantMacros } from "./instant-macros.ts";
import { jsonMacros } from "./json-macros.ts";

const emailLocal = String.raw`[^\s@<>()\[\]\\,;:"\x00-\x20\x7f]`;
const emailLabel = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}\x{2D}]*[\p{L}\p{M}\p{N}])?`;
const isPhone = (t: string) =>
  `regexp_full_match(${t}, '\\+[1-9][0-9]{${phoneDigits.min - 1},${phoneDigits.max - 1}}')`;
const phonePlain = String.raw`regexp_replace(t, '[\s().\x{2D}\x{A0}]', '', 'g')`;

/**
 * How cells are read, as DuckDB macros: each answers null where the cell is not of its form. The table of
 * meanings for people is `docs/csv.md`. Regular expressions are RE2's: linear in the cell. A macro's argument is written
 * out wherever its name stands, so arguments should be columns, and the usual case comes first.
 */
const cellMacros = [
  // Absent: an empty cell is null already; `\N` and blanks say nothing either where one form is wanted.
  macro(
    "said(t)",
    String.raw`CASE WHEN t > ' ~' AND t <> '\N' THEN t WHEN t = '\N' OR trim(t) = '' THEN NULL ELSE t END`,
  ),
  macro(
    "tidy(t)",
    `CASE WHEN t > ' ~' AND NOT ends_with(t, ' ') AND t <> '\\N' THEN t
    WHEN t = '\\N' THEN NULL ELSE nullif(trim(t, e' \\t\\r\\n'), '') END`,
  ),

  // An address as people have them: no quoted local part, no comment, no IP literal; a host with a dot. Lower case.
  macro(
    "email_form(t)",
    `CASE WHEN strlen(t) <= ${emailBytesMax} AND strlen(split_part(t, '@', 1)) <= 64
      AND regexp_full_match(t, '${emailLocal}+@(?:${emailLabel}\\.)+${emailLabel}') THEN t END`,
  ),
  macro(
    "as_email(t)",
    String.raw`CASE WHEN strlen(t) <= 64 AND regexp_full_match(t, '[a-z0-9._+\x{2D}]+@(?:[a-z0-9](?:[a-z0-9\x{2D}]*[a-z0-9])?\.)+[a-z]{2,}')
      THEN t ELSE email_form(lower(t)) END`,
  ),

  // E.164 once spaces, dashes, dots and parentheses are gone; the plus is a must, since without it no country is said.
  macro("phone_form(t)", `CASE WHEN ${isPhone("t")} THEN t END`),
  macro("as_phone(t)", `CASE WHEN ${isPhone("t")} THEN t ELSE phone_form(${phonePlain}) END`),

  macro("as_id(t)", `CASE WHEN strlen(t) <= ${idBytesMax} THEN t END`),
  macro("as_metric(t)", `CASE WHEN length(t) <= ${metricCharactersMax} THEN t END`),
  macro("as_currency(t)", "CASE WHEN regexp_full_match(t, '[A-Za-z]{3}') THEN upper(t) END"),

  // A plain number that decimal(38,9) holds exactly. The narrow cast is a hundred times as fast, and exact where it succeeds.
  macro(
    "as_decimal(t)",
    `CASE WHEN regexp_full_match(t, '[+-]?[0-9]{1,${decimalDigitsMax.before}}(?:\\.[0-9]{1,${decimalDigitsMax.after}}0*)?')
      THEN coalesce(TRY_CAST(t AS DECIMAL(18,9))::DECIMAL(38,9), TRY_CAST(t AS DECIMAL(38,9))) END`,
  ),
  ...[...jsonMacros, ...instantMacros].map(([head, body]) => macro(head, body)),
].join(";\n");

function macro(head: string, body: string): string {
  return `CREATE OR REPLACE MACRO ${head} AS ${body}`;
}

const installed = new WeakMap<Engine, Promise<void>>();

/** Makes the macros known to every session of an engine; the first call does it, since it takes a while. */
export async function installCellMacros(engine: Engine): Promise<void> {
  const present = installed.get(engine);
  if (present !== undefined) return present;
  const installing = install(engine);
  installed.set(engine, installing);
  return installing;
}

async function install(engine: Engine): Promise<void> {
  await using session = await engine.open(new AbortController().signal);
  await session.run(cellMacros);
}

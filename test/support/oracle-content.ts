import { createHash } from "node:crypto";
import { profileJsonColumns, profileTextColumns } from "../../lib/model/intake.ts";
import type { Content } from "./consolidation-rig.ts";
import { canonical, type Json, type Oracle } from "./oracle.ts";

/** What the oracle came to, in the form of `comparable`. */
export function expectedContent(oracle: Oracle): Content {
  const profiles = [...oracle.profiles.values()].map((profile) => ({
    id: profile.id,
    ...profile.identifiers,
    ...Object.fromEntries(profileTextColumns.map((column) => [column, profile.texts[column] ?? null])),
    ...Object.fromEntries(
      profileJsonColumns.map((column) => [column, profile.json[column] ? canonical(profile.json[column]) : null]),
    ),
    created_at: profile.createdAt,
    updated_at: profile.updatedAt,
    last_event_at: profile.lastEventAt,
    _deleted: false,
  }));
  const letters = { external_id: "x", email: "e", phone_number: "p" } as const;
  const identities = profiles.flatMap((profile) =>
    (["external_id", "email", "phone_number"] as const)
      .filter((kind) => profile[kind] !== null)
      .map((kind) => ({ key: md5(`${letters[kind]}|${profile[kind]}`), profile: profile.id })),
  );
  return {
    profiles: profiles.toSorted(by("id")),
    events: [...oracle.events.values()].toSorted(by("id")),
    identities: identities.toSorted(by("key")),
    metrics: [...oracle.metrics.values()].toSorted(by("id")),
  };
}

/** What was read, with JSON in canonical form and instants as milliseconds. */
export function comparable(content: Content): Content {
  return {
    profiles: content.profiles.map((row) => ({
      ...row,
      ...Object.fromEntries(profileJsonColumns.map((column) => [column, canonicalText(row[column])])),
      ...Object.fromEntries(["created_at", "updated_at", "last_event_at"].map((column) => [column, ms(row[column])])),
    })),
    events: content.events.map((row) => ({
      ...row,
      event_at: ms(row["event_at"]),
      ingested_at: ms(row["ingested_at"]),
    })),
    identities: content.identities.map((row) => ({ ...row, key: String(row["key"]).replaceAll("-", "") })),
    metrics: content.metrics.map(({ id, name, integrationId, createdAt }) => ({ id, name, integrationId, createdAt })),
  };
}

function canonicalText(text: unknown): string | null {
  return text === null ? null : canonical(JSON.parse(String(text)) as Json);
}

function ms(text: unknown): number | null {
  return text === null ? null : Date.parse(`${String(text).replace(" ", "T")}Z`);
}

function by(name: string) {
  return (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
    String(a[name]) < String(b[name]) ? -1 : 1;
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

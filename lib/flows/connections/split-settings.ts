import type * as z from "zod";
import type { Destination, SettingMeta } from "../../destinations/destination.ts";
import { SyncError } from "../../model/errors.ts";

export interface SplitSettings {
  /** What may be shown. */
  readonly open: Readonly<Record<string, unknown>>;
  /** What goes to `Secrets`. */
  readonly secret: Readonly<Record<string, unknown>>;
}

/** Checks settings against the kind's schema and parts the secret ones from the others. Throws `SETTINGS_INVALID` naming the field. */
export function splitSettings(destination: Destination, settings: Readonly<Record<string, unknown>>): SplitSettings {
  const unknown = Object.keys(settings).find((name) => !(name in destination.settings.shape));
  if (unknown !== undefined) throw invalid(`${unknown}: ${destination.title} has no such setting`);
  const parsed = destination.settings.safeParse(settings);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join(".") || "settings"}: ${issue?.message ?? "not valid"}`);
  }
  const entries = Object.entries(parsed.data);
  const isSecret = ([name]: [string, unknown]) => markOf(destination, name).secret === true;
  return {
    open: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secret: Object.fromEntries(entries.filter(isSecret)),
  };
}

/** Throws `STATE_CONFLICT` when a field that names the target would change: that is a new connection, with a cut of its own. */
export function requireSameTarget(
  destination: Destination,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): void {
  for (const name of Object.keys(destination.settings.shape)) {
    if (markOf(destination, name).identity === true && before[name] !== after[name])
      throw new SyncError("STATE_CONFLICT", {
        message: `${name} names the target and is fixed once a connection was enabled; make a new connection`,
      });
  }
}

/** The marks of a field, wherever in the chain of wrappers (`default`, `optional`) they were put. */
function markOf(destination: Destination, name: string): Partial<SettingMeta> {
  let type = destination.settings.shape[name] as z.ZodType | undefined;
  while (type !== undefined) {
    const marks = type.meta() as Partial<SettingMeta> | undefined;
    if (marks?.label !== undefined || marks?.secret !== undefined || marks?.identity !== undefined) return marks;
    type = (type.def as { innerType?: z.ZodType }).innerType;
  }
  return {};
}

function invalid(message: string): SyncError {
  return new SyncError("SETTINGS_INVALID", { message });
}

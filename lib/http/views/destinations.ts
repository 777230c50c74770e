import * as z from "zod";
import type { Destination, SettingMeta } from "../../destinations/destination.ts";

/** A field of a destination's form. */
export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly required: boolean;
  readonly secret: boolean;
  /** Names the target: frozen once the connection was enabled. */
  readonly identity: boolean;
  readonly default: unknown;
  /** JSON schema of the value. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A kind of warehouse with its form, drawn from its settings schema. */
export function destinationView(destination: Destination) {
  const form = z.toJSONSchema(destination.settings, { io: "input", unrepresentable: "any" });
  const required = new Set(form.required ?? []);
  return {
    kind: destination.kind,
    title: destination.title,
    onlyOnThisMachine: destination.embeddedOnly,
    fields: Object.entries(destination.settings.shape).map(([name, schema]) =>
      fieldOf(name, schema as z.ZodType, required.has(name)),
    ),
  };
}

function fieldOf(name: string, type: z.ZodType, required: boolean): FormField {
  const meta = metaOf(type);
  const { $schema: _, default: fallback, ...schema } = z.toJSONSchema(type, { io: "input", unrepresentable: "any" });
  for (const mark of ["label", "help", "secret", "identity"]) delete schema[mark];
  return {
    name,
    label: meta.label ?? name,
    help: meta.help ?? "",
    required,
    secret: meta.secret ?? false,
    identity: meta.identity ?? false,
    default: fallback ?? null,
    schema,
  };
}

/** The marks of a field, wherever in the chain of wrappers (`default`, `optional`) they were put. */
function metaOf(type: z.ZodType): Partial<SettingMeta> {
  const own = type.meta() as Partial<SettingMeta> | undefined;
  if (own?.label !== undefined) return own;
  const inner = (type.def as { innerType?: z.ZodType }).innerType;
  return inner === undefined ? (own ?? {}) : metaOf(inner);
}

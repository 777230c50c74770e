import * as z from "zod";
import { type IdKind, isId } from "./ids.ts";

/** Takes a text that has the form of an id of that kind. The cast is the brand and nothing else. */
export function idSchema<Id extends string>(kind: IdKind): z.ZodType<Id> {
  const schema = z.string().refine((text) => isId(kind, text), { error: `not the id of a ${kind}` });
  return schema as unknown as z.ZodType<Id>;
}

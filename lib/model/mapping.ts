import * as z from "zod";

/** Plain columns of a profile that a cell can fill. */
export const profileFields = [
  "external_id",
  "email",
  "phone_number",
  "first_name",
  "last_name",
  "organization",
  "title",
  "image",
  "locale",
] as const;

/** Members of a profile's `location`. */
export const locationFields = [
  "address1",
  "address2",
  "city",
  "region",
  "country",
  "zip",
  "latitude",
  "longitude",
  "timezone",
  "ip",
] as const;

/** Plain columns of an event that a cell can fill. Identifiers are those of its profile. */
export const eventFields = [
  "event_at",
  "metric_name",
  "integration_name",
  "unique_id",
  "value",
  "value_currency",
] as const;

const plainTargets = [
  ...profileFields,
  ...eventFields,
  ...locationFields.map((field) => `location.${field}`),
  "properties",
  "event_properties",
  "property",
  "ignore",
];

/** `external_id`, `location.city`, `property`, `property:Plan`, `text:Sku`, `json:Cart`, `subscriptions.sms`, `person:first_name`, `ignore`… */
function isTarget(target: string): boolean {
  const own = target.startsWith("person:") ? target.slice("person:".length) : target;
  return plainTargets.includes(own) || /^(property|text|json):./.test(own) || /^subscriptions\../.test(own);
}

/** What an account says of the files of one folder: which column is what, and what no column says. */
export const FolderMapping = z
  .strictObject({
    columns: z
      .record(
        z.string().min(1),
        z.string().refine(isTarget, {
          error:
            "not a field; use one such as email, event_at, location.city, property, property:Name, text:Name, person:first_name or ignore",
        }),
      )
      .default({})
      .describe(
        "Column of the file → field. Columns that are not named are recognised by their names, or become properties.",
      ),
    metricName: z.string().min(1).max(127).optional().describe("The metric of all events, where no column names it"),
    integrationName: z.string().min(1).max(127).optional().describe("The integration of all events"),
    timeZone: z
      .string()
      .refine(isTimeZone, { error: "not a time zone; use one such as Europe/London" })
      .default("UTC")
      .describe("The zone of times that name none"),
    dateFormat: z.string().min(2).max(64).optional().describe("How times are written, as in strptime: %d.%m.%Y %H:%M"),
    delimiter: z.enum([",", ";", "\t", "|"]).optional().describe("Found out where it is not given"),
    uniqueIdColumns: z
      .array(z.string().min(1))
      .min(1)
      .max(10)
      .optional()
      .describe("Columns whose values, joined by _, make an event unique, such as order and article"),
  })
  .superRefine(({ columns, uniqueIdColumns }, context) => {
    for (const [target, [first, second]] of columnsByTarget(columns)) {
      if (second === undefined) continue;
      context.addIssue({ code: "custom", path: ["columns", second], message: `"${first}" fills ${target} already` });
    }
    if (uniqueIdColumns !== undefined && Object.values(columns).includes("unique_id")) {
      context.addIssue({ code: "custom", path: ["uniqueIdColumns"], message: "a column fills unique_id already" });
    }
  });
export type FolderMapping = z.infer<typeof FolderMapping>;

/** What holds in a folder for which nothing was saved. */
export const emptyMapping: FolderMapping = { columns: {}, timeZone: "UTC" };

function columnsByTarget(columns: Record<string, string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [column, target] of Object.entries(columns)) {
    if (target === "ignore" || target === "property") continue;
    found.set(target, [...(found.get(target) ?? []), column]);
  }
  return found;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

import type { DataObject } from "./log.ts";

/**
 * Spellings of column names that are recognised without a mapping: ours, those of Klaviyo's CSVs and exports. Compared
 * without case, spaces, `_`, `-`, `$`, `/` and `.`, so `First Name`, `first_name` and `$first_name` are one.
 */
const profileSpellings = new Map<string, string>([
  ...spell("email", "email", "emailaddress", "emails"),
  ...spell("phone_number", "phonenumber", "phone", "phone#"),
  ...spell("external_id", "externalid"),
  ...spell("first_name", "firstname", "givenname"),
  ...spell("last_name", "lastname", "surname", "familyname"),
  ...spell("organization", "organization", "organisation", "company"),
  ...spell("title", "title", "jobtitle"),
  ...spell("image", "image", "imageurl"),
  ...spell("locale", "locale"),
  ...spell("location.address1", "address", "address1", "locationaddress1", "streetaddress"),
  ...spell("location.address2", "address2", "locationaddress2"),
  ...spell("location.city", "city", "locationcity"),
  ...spell("location.region", "region", "state", "stateregion", "province", "locationregion"),
  ...spell("location.country", "country", "locationcountry"),
  ...spell("location.zip", "zip", "zipcode", "postcode", "postalcode", "locationzip"),
  ...spell("location.latitude", "latitude", "locationlatitude"),
  ...spell("location.longitude", "longitude", "locationlongitude"),
  ...spell("location.timezone", "timezone", "locationtimezone"),
  ...spell("location.ip", "ipaddress", "ip", "locationip"),
  ...spell("subscriptions.email.marketing.consent", "emailmarketingconsent", "emailconsent"),
  ...spell("subscriptions.email.marketing.timestamp", "emailmarketingconsenttimestamp", "emailconsenttimestamp"),
  ...spell("subscriptions.sms.marketing.consent", "smsmarketingconsent", "smsconsent"),
  ...spell("subscriptions.sms.marketing.timestamp", "smsmarketingconsenttimestamp", "smsconsenttimestamp"),
  ...spell("subscriptions.sms.transactional.consent", "smstransactionalconsent"),
  ...spell("subscriptions.sms.transactional.timestamp", "smstransactionalconsenttimestamp"),
]);

const eventSpellings = new Map<string, string>([
  ...spell("email", "email", "emailaddress", "personemail", "profileemail"),
  ...spell("phone_number", "phonenumber", "phone", "personphone", "personphonenumber"),
  ...spell("external_id", "externalid", "personid", "personexternalid", "profileexternalid"),
  ...spell("event_at", "timestamp", "eventtimestamp", "eventat", "eventtime", "datetime", "time", "eventdate"),
  ...spell("metric_name", "metric", "metricname", "event", "eventname"),
  ...spell("unique_id", "eventid", "uniqueid", "uniqueeventid"),
  ...spell("value", "value", "eventvalue"),
  ...spell("value_currency", "valuecurrency", "currency", "currencycode"),
  ...spell("integration_name", "integration", "integrationname"),
  ...spell("event_properties", "eventproperties"),
]);

/** The field that a column's name speaks of; undefined for a property. */
export function recognisedTarget(object: DataObject, header: string): string | undefined {
  // Columns that we add to the file of rejected rows.
  if (/^_rejected_/.test(header)) return "ignore";
  const spelling = spellingOf(header);
  if (object === "profiles")
    return profileSpellings.get(spelling) ?? (spelling === "properties" ? "properties" : undefined);
  const own = eventSpellings.get(spelling);
  if (own !== undefined) return own;
  const person = /^person\s*\/\/\s*(.+)$/i.exec(header)?.[1];
  return person === undefined ? undefined : personTarget(person);
}

function personTarget(header: string): string {
  const target = profileSpellings.get(spellingOf(header));
  return target === undefined ? `person:property:${header}` : `person:${target}`;
}

function spellingOf(header: string): string {
  return header.toLowerCase().replaceAll(/[\s_\-$/.]/g, "");
}

function spell(target: string, ...spellings: string[]): (readonly [string, string])[] {
  return spellings.map((spelling) => [spelling, target] as const);
}

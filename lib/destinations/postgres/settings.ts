import * as z from "zod";

/** Fields and labels of the product's Redshift form, and what PostgreSQL needs besides. */
export const settings = z.object({
  host: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,253}$/, "write the bare host name, without https:// and without port")
    .meta({
      label: "Host URL",
      help: "Name or address of the server, reachable from our egress addresses.",
      identity: true,
    }),
  database: z.string().min(1).max(63).meta({ label: "Database", help: "In encoding UTF8.", identity: true }),
  port: z.int().min(1).max(65_535).default(5432).meta({ label: "Port", help: "Usually 5432.", identity: true }),
  schema: z
    .string()
    .min(1)
    .max(63)
    .default("public")
    .meta({ label: "Schema", help: "Where the tables are, or shall be.", identity: true }),
  username: z
    .string()
    .min(1)
    .max(63)
    .meta({ label: "Username", help: "A user for this purpose alone; the setup script makes it." }),
  password: z
    .string()
    .min(1)
    .max(1_000)
    .meta({ label: "Database password", help: "Kept encrypted and never shown.", secret: true }),
  stagingSchema: z
    .string()
    .min(1)
    .max(63)
    .default("klaviyo_staging")
    .meta({ label: "Staging schema", help: "Where the user may create tables. They hold a batch until it is merged." }),
  sslmode: z.enum(["verify-full", "disable"]).default("verify-full").meta({
    label: "SSL mode",
    help: "verify-full encrypts and checks the server's certificate. disable sends everything unencrypted, and works only where the server's address is private.",
  }),
  caCertificate: z.string().max(100_000).optional().meta({
    label: "CA certificate",
    help: "PEM text of the authority that signed the server's certificate, where that is not a public one (Amazon RDS, for example).",
  }),
});

export type PostgresSettings = z.infer<typeof settings>;

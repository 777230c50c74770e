import { connectionRoutes } from "./routes/connections.ts";
import { importRoutes } from "./routes/imports.ts";
import { installationRoutes } from "./routes/installation.ts";
import { operationRoutes } from "./routes/operation.ts";
import { peopleRoutes } from "./routes/people.ts";
import { quarantineRoutes } from "./routes/quarantine.ts";
import { syncRoutes } from "./routes/syncs.ts";

/** The whole API by `METHOD /path/{param}`. Local server and client follow from it. */
export const routes = {
  ...installationRoutes,
  ...peopleRoutes,
  ...importRoutes,
  ...connectionRoutes,
  ...quarantineRoutes,
  ...syncRoutes,
  ...operationRoutes,
};

/** For a typed client, which needs the types alone. */
export type Routes = typeof routes;

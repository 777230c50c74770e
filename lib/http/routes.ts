import { installationRoutes } from "./routes/installation.ts";
import { peopleRoutes } from "./routes/people.ts";

/** The whole API by `METHOD /path/{param}`. Local server and client follow from it. */
export const routes = {
  ...installationRoutes,
  ...peopleRoutes,
};

/** For a typed client, which needs the types alone. */
export type Routes = typeof routes;

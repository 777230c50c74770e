import { checkEngine } from "../../flows/installation/check-engine.ts";
import { SyncError } from "../../model/errors.ts";
import { accountRoute, operatorRoute, publicRoute } from "../route.ts";
import { destinationView } from "../views/destinations.ts";
import { egressView } from "../views/egress.ts";

/** What this installation is and offers. */
export const installationRoutes = {
  "GET /health": publicRoute({
    summary: "Says that the system runs.",
    run: async ({ installation }) => ({ status: "ok", version: installation.version }),
  }),
  "GET /engine": operatorRoute({
    summary: "Starts the engine and says which it is.",
    run: async ({ deps, signal }) => checkEngine(deps, {}, signal),
  }),
  "GET /egress-addresses": accountRoute({
    summary: "Tells which addresses warehouses see us come from, for their allow-lists.",
    run: async ({ installation }) => egressView(installation),
  }),
  "GET /destinations": accountRoute({
    summary: "Lists the kinds of warehouse with their forms.",
    run: async ({ deps }) => {
      const destinations = await Promise.all(deps.destinationKinds.map((kind) => deps.destination(kind)));
      return { items: destinations.map(destinationView), nextCursor: null };
    },
  }),
  "GET /sftp": accountRoute({
    summary: "Tells how to reach the SFTP endpoint.",
    run: async ({ installation }) => {
      if (installation.sftp === null) throw new SyncError("NOT_FOUND", { message: "no SFTP endpoint runs here" });
      return { ...installation.sftp, folders: ["/profiles", "/events", "/results"] };
    },
  }),
};

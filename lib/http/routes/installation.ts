import { SyncError } from "../../model/errors.ts";
import { accountRoute, publicRoute } from "../route.ts";
import { destinationView } from "../views/destinations.ts";

/** What this installation is and offers. */
export const installationRoutes = {
  "GET /health": publicRoute({
    summary: "Says that the system runs.",
    run: async ({ installation }) => ({ status: "ok", version: installation.version }),
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

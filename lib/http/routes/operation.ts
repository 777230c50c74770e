import { dispatch } from "../../flows/dispatch/dispatch.ts";
import { operatorRoute } from "../route.ts";

/** What the operator sets going. */
export const operationRoutes = {
  "POST /tick": operatorRoute({
    summary: "Runs the hour now, for every account: consolidates what waits and starts every periodic sync.",
    status: 202,
    run: async ({ deps, signal }) => dispatch(deps, { isNow: true, windowSeconds: 0 }, signal),
  }),
};

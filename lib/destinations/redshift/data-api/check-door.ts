import { requireExternalId } from "../../aws/assume-role.ts";
import type { CheckDoor } from "../check.ts";
import { callError } from "../errors.ts";
import type { Place } from "../place.ts";
import { regionOf } from "../settings.ts";
import { type DataApi, openDataApi } from "./calls.ts";
import { runGuarded } from "./client.ts";
import { copyTrial, rehearsal } from "./transaction.ts";

/** Checks a session over the Data API. */
export function dataApiDoor(place: Place): CheckDoor {
  const { settings, options, target } = place;
  const api: DataApi = openDataApi(place);
  const roleArn = settings.roleArn ?? "";
  const region = settings.region ?? regionOf(settings.host) ?? "";
  return {
    reach: async () => {
      await api.logIn();
      return `the role ${roleArn} was taken on`;
    },
    tls: async () => `every call is signed, and encrypted to ${api.host}`,
    logIn: async () => {
      const errorOf = (thrown: unknown) => callError(thrown, []);
      await requireExternalId({ roleArn, region, options, errorOf, externalId: target.externalId });
    },
    session: api,
    tryCopy: async (batch) => runGuarded(api, place, batch, await copyTrial(place, batch)),
    rehearse: async (batch) => runGuarded(api, place, batch, await rehearsal(place, batch)),
    [Symbol.asyncDispose]: async () => api[Symbol.dispose](),
  };
}

import type { SftpUsers } from "../../../flows/ports.ts";
import type { OpenConnections } from "./connections.ts";

/** The embedded endpoint reads users and keys from the table at each login, so only the end of a key needs telling. */
export function embeddedSftpUsers(connections: OpenConnections): SftpUsers {
  return {
    createUser: async () => {},
    addKey: async () => {},
    removeKey: async (user, key) => connections.endByKey(user.id, key.id),
    removeUser: async (user) => connections.endByUser(user.id),
  };
}

import type { SftpUsers } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";

/** `SftpUsers` of an installation without SFTP: people can be kept, keys cannot be used. */
export const noSftpUsers: SftpUsers = {
  createUser: async () => {},
  addKey: async () => {
    const message = "This installation has no SFTP endpoint; upload by the API, or ask its operator to switch SFTP on.";
    throw new SyncError("STATE_CONFLICT", { message });
  },
  removeKey: async () => {},
  removeUser: async () => {},
};

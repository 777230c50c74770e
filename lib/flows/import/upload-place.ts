import { type DataObject, dataObjects } from "../../model/log.ts";
import { isTemporaryUpload } from "../../model/upload-name.ts";
import { fileKeys } from "../store/keys.ts";
import type { UploadRequest } from "./requests.ts";

/** Where its user put a file that is to be imported. */
export interface UploadPlace {
  readonly object: DataObject;
  /** Path below the folder, as the uploader sees it. */
  readonly name: string;
}

/** Reads `inbox/<account>/<user>/<folder>/<name>`; undefined for another's key, another folder, and names that clients give to what is not whole yet. */
export function uploadPlace({ accountId, userId, key }: UploadRequest): UploadPlace | undefined {
  const root = fileKeys.inbox(accountId, userId, "");
  if (!key.startsWith(root)) return undefined;
  const path = key.slice(root.length);
  const object = dataObjects.find((folder) => path.startsWith(`${folder}/`));
  // A key that ends so is a folder: S3 knows them only as such objects.
  if (object === undefined || path.endsWith("/") || isTemporaryUpload(path)) return undefined;
  return { object, name: path.slice(object.length + 1) };
}

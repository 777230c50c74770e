import type { DataObject } from "../../../model/log.ts";
import { Refusal } from "./refusal.ts";

const uploadFolders: readonly DataObject[] = ["profiles", "events"];
export type TopFolder = DataObject | "results";
export const topFolders: readonly TopFolder[] = [...uploadFolders, "results"];

/** A spot in a user's tree: the root, or `below` one of its three folders (which it is, when `below` is empty). */
export type Place =
  | { readonly folder: null; readonly below: readonly [] }
  | { readonly folder: TopFolder; readonly below: readonly string[] };

/** A spot that a file can be uploaded to. */
export interface UploadPlace {
  readonly folder: DataObject;
  /** Below the folder; never empty. */
  readonly name: string;
}

const segmentBytesMax = 255;
/** Leaves room in a key of 1,024 bytes for account and user. */
const pathBytesMax = 900;
const depthMax = 16;

/** Makes the segments of an absolute path of a client's text: `..` ends at the root, nothing leads out. Refuses names that no file can have. */
export function segmentsOf(text: string): readonly string[] {
  if (Buffer.byteLength(text) > 4_096) throw new Refusal("FAILURE", "the path is too long");
  const segments: string[] = [];
  // One spelling for letters with marks: else two names that look the same would be two files on some disks and one on others.
  for (const segment of text.normalize("NFC").split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  for (const segment of segments) checkSegment(segment);
  if (segments.length > depthMax) throw new Refusal("FAILURE", `folders are nested more than ${depthMax} deep`);
  if (Buffer.byteLength(segments.join("/")) > pathBytesMax) throw new Refusal("FAILURE", "the path is too long");
  return segments;
}

function checkSegment(segment: string): void {
  if (/[\p{Cc}\\\uFFFD]/u.test(segment)) {
    throw new Refusal("FAILURE", "names take no control characters, backslashes or bytes that are not UTF-8");
  }
  if (Buffer.byteLength(segment) > segmentBytesMax) {
    throw new Refusal("FAILURE", `a name has at most ${segmentBytesMax} bytes`);
  }
}

/** Where a path leads; undefined beside the three folders, where there is nothing and never will be. */
export function placeOf(text: string): Place | undefined {
  const [first, ...below] = segmentsOf(text);
  if (first === undefined) return { folder: null, below: [] };
  const folder = topFolders.find((name) => name === first);
  return folder === undefined ? undefined : { folder, below };
}

/** The spot of a file to be uploaded, renamed or removed; refuses every other. */
export function uploadPlaceOf(text: string): UploadPlace {
  const place = placeOf(text);
  const folder = uploadFolders.find((name) => name === place?.folder);
  if (place === undefined || folder === undefined || place.below.length === 0) {
    throw new Refusal("PERMISSION_DENIED", "files go below /profiles or /events");
  }
  return { folder, name: place.below.join("/") };
}

/** The path as the client sees it. */
export function pathOfPlace(place: UploadPlace): string {
  return `/${place.folder}/${place.name}`;
}

/** What the documents and the suite say of a kind, in words for people; Markdown. */
export interface DestinationAbout {
  /** What its rows lie in: tables that an administrator can drop or alter, or files that a view shows as tables. */
  readonly keeps: "tables" | "files";
  /** Each way to sign in. */
  readonly signIn: readonly string[];
  /** How a batch travels from our disk into a table. */
  readonly loadPath: string;
  /** What the suite ran against. */
  readonly triedAgainst: readonly string[];
  /** What nobody has tried on the real thing yet. */
  readonly neverTriedLive: readonly string[];
}

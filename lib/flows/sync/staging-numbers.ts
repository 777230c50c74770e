/** Trials that the search for the bad rows of one file may take, at staging and again at the commit. */
export const trialsMax = 2_000;

/** How often rows of one file may be set aside at the commit; each time the rest is staged anew. */
export const roundsMax = 50;

/** A plan has fewer files than this. */
const filesMax = 1_000_000;

/** Numbers set apart for each file, for what is staged of it besides the file itself. */
const numbersPerFile = 10_000;

/** Trials and renewed files are staged under numbers of their own: to stage a number twice is to stage it once. All go with the plan. */
export function numberOf(
  file: number,
  what: { readonly stageTrial: number } | { readonly commitTrial: number } | { readonly round: number },
): number {
  if ("round" in what && what.round === 0) return file;
  const own = filesMax + file * numbersPerFile;
  if ("stageTrial" in what) return own + what.stageTrial;
  return "commitTrial" in what ? own + trialsMax + what.commitTrial : own + 2 * trialsMax + what.round;
}

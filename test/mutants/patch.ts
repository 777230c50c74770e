import type { Mutant } from "./mutants.ts";

/** The file's text with the promise taken out. Throws where the text to replace does not stand there exactly once. */
export function patched(text: string, { name, file, find, replace }: Omit<Mutant, "caughtBy">): string {
  const places = text.split(find).length - 1;
  if (places !== 1)
    throw new RangeError(`mutant "${name}": its text stands ${places} times in ${file}; the code has moved`);
  return text.replace(find, () => replace);
}

declare module "asl-validator" {
  /** Version 4 ships no types of its own. */
  export default function validate(
    definition: unknown,
    options?: { readonly checkArn?: boolean; readonly checkPaths?: boolean },
  ): { readonly isValid: boolean; readonly errorsText: (separator?: string) => string };
}

/** What the endpoint's workflow puts on the object of an upload whose session ended while the file was open; importing leaves it alone. */
export const partialUploadTag = { key: "partial", value: "true" } as const;

import * as z from "zod";

/** The query of every list: `?limit=50&cursor=…`. */
export const Paging = z.strictObject({
  limit: z.coerce.number<string | number>().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(2_048).optional(),
});

/** What every list answers; `nextCursor` is null on the last page. */
export interface PageView<View> {
  readonly items: readonly View[];
  readonly nextCursor: string | null;
}

/** A page of records as a page of views. */
export function pageView<RecordType, View>(
  page: { readonly items: readonly RecordType[]; readonly cursor?: string | undefined },
  view: (record: RecordType) => View,
): PageView<View> {
  return { items: page.items.map(view), nextCursor: page.cursor ?? null };
}

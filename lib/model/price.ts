/** What somebody asks for one unit of something, in US dollars; of AWS in us-east-1 and without the free tier. */
export interface Price {
  readonly dollars: number;
  readonly per: string;
  /** Where the seller publishes it. */
  readonly page: string;
  /** `"page"`: read on the seller's own page. `"second hand"`: read in an article that quotes it. `"unverified"`: neither. */
  readonly seen: "page" | "second hand" | "unverified";
}

/** Day on which the prices were last looked up. They differ by region (10 to 25 % more in many) and change. */
export const pricesCheckedOn = "2026-11-24";

export function price(dollars: number, per: string, page: string, seen: Price["seen"]): Price {
  return { dollars, per, page, seen };
}

const s3Page = "https://aws.amazon.com/s3/pricing/";

/** Of Amazon S3, whether the bucket is the installation's or a customer's. */
export const s3Prices = {
  put: price(0.005 / 1_000, "PUT, COPY, POST or LIST of S3", s3Page, "second hand"),
  gbMonth: price(0.023, "GB kept in S3 and month", s3Page, "unverified"),
} as const;

/** What one file, row or cell may hold. Each limit names the error code that speaks of it. */

/** Bytes of the first look at a file; the header line must end within. `LINE_TOO_LONG` */
export const headBytesMax = 1024 * 1024;

/** More than a source of customers has (Klaviyo's older guide names 300 properties); memory grows by 1 MB a column. `TOO_MANY_COLUMNS` */
export const columnsMax = 500;

/** Bytes of a column's name: it becomes a JSON key, and an identifier in reports. `HEADER_TOO_LONG` */
export const headerBytesMax = 512;

/** Bytes of one cell, quotes included. `CELL_TOO_LARGE` */
export const cellBytesMax = 1024 * 1024;

/** Bytes of one record, line breaks within quotes included. `LINE_TOO_LONG` */
export const lineBytesMax = 4 * 1024 * 1024;

/** Bytes of an external id or the unique id of an event. `ID_TOO_LONG` */
export const idBytesMax = 255;

/** Octets of an address in a mail path: RFC 5321 4.5.3.1.3, erratum 1690. `INVALID_EMAIL` */
export const emailBytesMax = 254;

/** Digits after the plus: ITU-T E.164. The lower bound is ours: shorter numbers exist in no plan. `INVALID_PHONE` */
export const phoneDigits = { min: 8, max: 15 } as const;

/** Characters of a metric's name. `METRIC_INVALID` */
export const metricCharactersMax = 127;

/** Levels of nesting, the object that holds all properties being the first: as in Klaviyo's guide to its API. `JSON_TOO_DEEP` */
export const jsonLevelsMax = 10;

/** Events before this are refused: a misread date, rather than a customer. `INVALID_DATE` */
export const eventAtMin = "1990-01-01";

/** How far after its upload an event may lie. `INVALID_DATE` */
export const eventAheadYearsMax = 1;

/** Digits before and after the point that a decimal(38,9) holds. `INVALID_NUMBER` */
export const decimalDigitsMax = { before: 29, after: 9 } as const;

/** A file is cut into ranges of at least this many bytes, and into at most so many. */
export const rangeBytesMin = 16 * 1024 * 1024;
export const rangesMax = 1_000;

/** Attempts at one import that ended with an error of ours, after which it is set aside. `TRIES_USED_UP` */
export const importAttemptsMax = 5;

/** Starts that were lost with their process; more than errors, since a machine may be switched off again and again. `TRIES_USED_UP` */
export const importDeathsMax = 12;

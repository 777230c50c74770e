import * as z from "zod";
import { accountIdSchema } from "../accounts/requests.ts";

/** One attempt at consolidating an account: what its machine carries from state to state. */
export const AttemptRequest = z.object({ accountId: accountIdSchema, attempt: z.int().min(1) });
export type AttemptRequest = z.infer<typeof AttemptRequest>;

/** The phases of a round, in order. Parts of one phase know nothing of each other. */
export const phases = ["shuffle", "index", "finish"] as const;
export type Phase = (typeof phases)[number];

/** One phase of a round that is worked on in parts. */
export const PhaseRequest = AttemptRequest.extend({ round: z.int().min(1), phase: z.enum(phases) });
export type PhaseRequest = z.infer<typeof PhaseRequest>;

/** One part of a phase: an item of the fan-out. */
export const PartRequest = PhaseRequest.extend({ part: z.int().min(0) });
export type PartRequest = z.infer<typeof PartRequest>;

/** What the machine does next: work on the parts at `itemsKey`, begin another round, or end. */
export type ConsolidateState = AttemptRequest &
  (
    | { readonly next: "parts"; readonly round: number; readonly phase: Phase; readonly itemsKey: string }
    | { readonly next: "again" | "end" }
  );

import type { Happening } from "../../lib/platform/embedded/asl-execution.ts";

/** What we allow ourselves, well under Step Functions' own 25,000 events and 256 KiB: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const historyEventsMax = 15_000;
export const payloadBytesAllowed = 200 * 1024;

/** Events that Step Functions writes: a state is entered and exited; a task is scheduled, started and ends; a map run starts and ends. */
const eventsOf = { entry: 0, state: 2, try: 3, "fan-out": 2 } as const;
/** An execution starts and ends. */
const eventsOfExecution = 2;

/** Counts as AWS would, when its `observe` is given to `openWorkflows`: the longest history and the largest payload so far. */
export function historyMeter(): { observe: (happening: Happening) => void; eventsMax: number; bytesMax: number } {
  const events = new Map<object, number>();
  const meter = {
    eventsMax: 0,
    bytesMax: 0,
    observe: ({ history, kind, bytes }: Happening) => {
      const count = (events.get(history) ?? eventsOfExecution) + eventsOf[kind];
      events.set(history, count);
      meter.eventsMax = Math.max(meter.eventsMax, count);
      meter.bytesMax = Math.max(meter.bytesMax, bytes);
    },
  };
  return meter;
}

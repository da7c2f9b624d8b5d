import type { Interface } from "ethers";

/** The first topic of an event's logs. Throws if the interface does not have the event. */
export function topicOf(contract: Interface, event: string): string {
  const fragment = contract.getEvent(event);
  if (fragment === null) throw new TypeError(`there is no event ${event}`);
  return fragment.topicHash;
}

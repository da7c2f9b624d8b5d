/**
 * Threads that run a program together in one shared memory. Each runs its share of the rounds of a function and then
 * meets the others; which share is whose does not show in the result.
 */

/** Words of the shared buffer: how many have come to the meeting, how many meetings there were. */
const ARRIVED = 0;
const MEETINGS = 1;
const WORDS = 2;

export class Team {
  /** 0 is the leader. */
  readonly member: number;
  readonly members: number;
  readonly #words: Int32Array;

  /** @param buffer the same for all members, made by {@link Team.buffer} */
  constructor(member: number, members: number, buffer: ArrayBufferLike) {
    this.member = member;
    this.members = members;
    this.#words = new Int32Array(buffer);
  }

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** A team of one. It never waits, so it needs no shared buffer, which a web page has in an isolated origin only. */
  static alone(): Team {
    return new Team(0, 1, new ArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
  }

  /** This member's part of so many rounds: from the first number to the second one, excluded. */
  shareOf(rounds: number): [number, number] {
    const from = (member: number) => Math.floor((rounds * member) / this.members);
    return [from(this.member), from(this.member + 1)];
  }

  /** Waits until all members have come here. What they wrote before is seen by all after it. */
  meet(): void {
    const words = this.#words;
    const meeting = Atomics.load(words, MEETINGS);
    if (Atomics.add(words, ARRIVED, 1) === this.members - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, MEETINGS, 1);
      Atomics.notify(words, MEETINGS);
      return;
    }
    while (Atomics.load(words, MEETINGS) === meeting) Atomics.wait(words, MEETINGS, meeting);
  }
}

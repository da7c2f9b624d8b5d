/** What a model's semantics mean to whoever relies on its answers; said in these words everywhere. */
export function describeSemantics(semantics: number): string {
  return semantics === 0
    ? "not disputable: they rest on their operator alone"
    : "canonical, disputable program: one answer is right, to the bit";
}

/** The same in few words. */
export function labelSemantics(semantics: number): string {
  return semantics === 0 ? "not disputable" : "canonical, disputable program";
}

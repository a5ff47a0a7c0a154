/** What one state takes, and where it leads; without `takes` it leads on by itself. */
interface State {
  readonly takes: ((char: string) => boolean) | null;
  readonly to: number[];
}

const any = (): boolean => true;
const within = (char: string): boolean => char !== '.' && char !== '/';

/**
 * A glob as a machine that reads a name once, in time that grows with the name times the pattern: expressions with many wildcards can take exponentially long. Means what `globMatcher` says;
 * null for a set that no expression can mean.
 */
export function globMachine(pattern: string, below: boolean): ((name: string) => boolean) | null {
  const states: State[] = [];
  const add = (takes: State['takes'], ...to: number[]): number => states.push({ takes, to }) - 1;
  const join = (from: number, to: number): void => void states[from]!.to.push(to);
  const start = add(null);
  let end = start;
  // Groups that are open: where each began, and where its alternatives meet again.
  const groups: { readonly from: number; readonly meet: number }[] = [];
  const read = (takes: (char: string) => boolean): void => {
    const next = add(null);
    const reader = add(takes, next);
    join(end, reader);
    end = next;
  };
  const repeat = (takes: (char: string) => boolean): void => {
    const next = add(null);
    const reader = add(takes, next);
    join(next, reader);
    join(end, next);
    end = next;
  };
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    const open = groups.at(-1);
    if (char === '*' && pattern[i + 1] === '*') {
      repeat(any);
      i++;
    } else if (char === '*') repeat(within);
    else if (char === '?') read(within);
    else if (char === '[' && pattern.indexOf(']', i + 1) > i + 1) {
      const close = pattern.indexOf(']', i + 1);
      const set = setOf(pattern.slice(i + 1, close));
      if (set === null) return null;
      read((found) => set.test(found));
      i = close;
    } else if (char === '{' && pattern.indexOf('}', i) > i) {
      groups.push({ from: end, meet: add(null) });
      end = add(null);
      join(groups.at(-1)!.from, end);
    } else if (char === '}' && open !== undefined) {
      groups.pop();
      join(end, open.meet);
      end = open.meet;
    } else if (char === ',' && open !== undefined) {
      join(end, open.meet);
      end = add(null);
      join(open.from, end);
    } else read((found) => found === char);
  }
  for (const { meet } of groups.reverse()) {
    join(end, meet);
    end = meet;
  }
  if (below) {
    const rest = add(null);
    const reader = add(any, rest);
    join(rest, reader);
    join(
      end,
      add((char) => char === '.' || char === '/', rest),
    );
    return (name) => runs(states, start, name, [end, rest]);
  }
  return (name) => runs(states, start, name, [end]);
}

function setOf(body: string): RegExp | null {
  const escaped = body.replaceAll('\\', '\\\\').replaceAll('[', '\\[');
  try {
    return new RegExp(`^[${escaped.startsWith('!') ? `^${escaped.slice(1)}` : escaped.replace(/^\^/, '\\^')}]$`, 's');
  } catch {
    return null;
  }
}

function runs(states: readonly State[], start: number, name: string, ends: readonly number[]): boolean {
  let now = reach(states, [start]);
  for (let i = 0; i < name.length && now.size > 0; i++) {
    const char = name[i]!;
    const next: number[] = [];
    for (const at of now) {
      const { takes, to } = states[at]!;
      if (takes?.(char) === true) next.push(...to);
    }
    now = reach(states, next);
  }
  return ends.some((end) => now.has(end));
}

/** States that are reached without reading. */
function reach(states: readonly State[], from: readonly number[]): Set<number> {
  const found = new Set(from);
  for (const at of found) {
    const { takes, to } = states[at]!;
    if (takes === null) for (const next of to) found.add(next);
  }
  return found;
}

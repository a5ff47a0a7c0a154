/** Which layers a modifier is for, as exclusions of a step. */
export interface Targets {
  /** null: all. */
  readonly allBut: readonly string[] | null;
  readonly roles: readonly string[];
}

const ALL: ReadonlySet<string> = new Set(['__ALL__', '__ALL_PRUNABLE__', 'ALL', 'ALL_PRUNABLE']);
/** Classes of layers, and the roles that are none of them. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  Linear: ['conv', 'depthwise-conv', 'transposed-conv'],
  Conv2d: ['linear', 'attention', 'transposed-conv'],
};

/** The layers that `params` or `targets` mean; a text says what cannot be told. */
export function targetsOf(given: unknown): Targets | string {
  if (given === undefined || given === null) return { allBut: null, roles: [] };
  const names: unknown[] = Array.isArray(given) ? given : [given];
  if (names.some((name) => typeof name !== 'string')) return 'its targets are no names';
  const all = names as string[];
  if (all.some((name) => ALL.has(name))) return { allBut: null, roles: [] };
  const classes = all.filter((name) => /^[A-Z]\w*$/.test(name));
  if (classes.length > 0) {
    const unknown = classes.find((name) => !Object.hasOwn(CLASSES, name));
    if (unknown !== undefined) return `layers are not told by the class ${unknown}`;
    if (classes.length < all.length) return 'classes and names of layers cannot be mixed';
    const left = classes.map((name) => CLASSES[name]!);
    return { allBut: null, roles: left[0]!.filter((role) => left.every((roles) => roles.includes(role))) };
  }
  const globs = all.map(globsOf);
  const failed = globs.indexOf(null);
  if (failed >= 0) return `the expression ${all[failed]} is no glob`;
  return { allBut: (globs as string[][]).flat(), roles: [] };
}

/** A name, or an expression behind `re:`, as globs; null where an expression says what no glob can. */
export function globsOf(name: string): string[] | null {
  if (!name.startsWith('re:')) return [name];
  const expression = name.slice(3).trim();
  const open = !/(?<!\\)\$$/.test(expression);
  let rest = expression.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
  let glob = '';
  while (rest !== '') {
    const [token, becomes] = nextOf(rest);
    if (token === '' || becomes === null) return null;
    glob += becomes;
    rest = rest.slice(token.length);
  }
  // An expression without `$` matches everything that begins so; with it, what lies below the module is meant as well.
  return open ? [glob.endsWith('**') ? glob : `${glob}**`] : [glob, ...(glob.endsWith('**') ? [] : [`${glob}.**`])];
}

function nextOf(rest: string): readonly [token: string, glob: string | null] {
  const any = /^\.[*+]\??/.exec(rest)?.[0];
  if (any !== undefined) return [any, '**'];
  const digits = /^(?:\\d|\[0-9\])[*+]?/.exec(rest)?.[0];
  if (digits !== undefined) return [digits, /[*+]$/.test(digits) ? '*' : '[0-9]'];
  const choice = /^\((?:\?:)?([\w.|-]+)\)(?![*+?{])/.exec(rest);
  if (choice !== null) return [choice[0], `{${choice[1]!.replaceAll('|', ',')}}`];
  const set = /^\[[\w-]+\](?![*+?{])/.exec(rest)?.[0];
  if (set !== undefined) return [set, set];
  const escaped = /^\\([.\-/])/.exec(rest);
  if (escaped !== null) return [escaped[0], escaped[1]!];
  // A bare dot stands for the dot of a name nearly always.
  const plain = /^[\w./-](?![*+?{])/.exec(rest)?.[0];
  return plain === undefined ? ['', null] : [plain, plain];
}

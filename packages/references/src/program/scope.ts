import type { SyntaxNode } from '@lezer/common';

/** Something gives a name a value. null: a value nobody can know here (a loop variable, a parameter, an import). */
export interface Binding {
  readonly value: SyntaxNode | null;
  /** A value that the caller may replace: the default of a parameter. */
  readonly isDefault: boolean;
  /** One of many: the variable of a loop. */
  readonly isElement: boolean;
  readonly scope: Scope;
}

/** Names of one function, class or file. */
export class Scope {
  readonly names = new Map<string, Binding[]>();

  constructor(
    readonly parent: Scope | null,
    readonly isClass: boolean,
    readonly file: FileNames,
  ) {}

  /** `name` may be dotted (`self.path`): such names belong to the file. */
  bind(name: string, value: SyntaxNode | null, kind: 'only' | 'default' | 'element' = 'only'): void {
    const names = name.includes('.') ? this.file.attributes : this.names;
    const list = names.get(name);
    const binding = { value, isDefault: kind === 'default', isElement: kind === 'element', scope: this };
    // More than a few assignments are a variable, whatever they say.
    if (list === undefined) names.set(name, [binding]);
    else if (list.length < 8) list.push(binding);
  }

  /** The bindings that a use of the name in this scope sees. */
  lookup(name: string): readonly Binding[] | null {
    if (name.includes('.')) return this.file.attributes.get(name) ?? null;
    let isInner = false;
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      // Methods do not see the names of their class.
      if (!(scope.isClass && isInner)) {
        const found = scope.names.get(name);
        if (found !== undefined) return found;
      }
      isInner = true;
    }
    return null;
  }

  /** The outermost scope. */
  get top(): Scope {
    let scope: Scope = this;
    while (scope.parent !== null) scope = scope.parent;
    return scope;
  }
}

/** What a file knows of names as a whole. */
export class FileNames {
  /** Local name of an import → its dotted name, in segments. */
  readonly imports = new Map<string, readonly string[]>();
  /** Every module that is imported. */
  readonly modules = new Set<string>();
  readonly attributes = new Map<string, Binding[]>();

  import(local: string, path: readonly string[]): void {
    this.imports.set(local, path);
  }

  importsPart(part: string): boolean {
    for (const module of this.modules) if (module.includes(part)) return true;
    return false;
  }
}

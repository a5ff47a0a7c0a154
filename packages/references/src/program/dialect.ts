import type { Parser, SyntaxNode } from '@lezer/common';
import type { CallRule } from '../vocabulary/calls.js';
import type { Scope } from './scope.js';

export interface Argument {
  /** Keyword, or key of an object argument. */
  readonly name?: string;
  readonly value: SyntaxNode;
}

/** What differs between the programming languages. The node names they share are used directly. */
export interface Dialect {
  readonly language: 'python' | 'javascript';
  readonly parser: Parser;
  readonly calls: readonly CallRule[];
  /** Nodes that open a scope for names. */
  readonly scopes: ReadonlySet<string>;
  /** Nodes whose statements run only as long as nothing fails, below a `TryStatement`. */
  readonly tryBody: string;
  /** Records what a node binds: imports, assignments, parameters. Called once for every node, on entering it. */
  bind(node: SyntaxNode, text: string, scope: Scope): void;
  /** Nodes for which `bind` has something to do. */
  readonly binding: ReadonlySet<string>;
}

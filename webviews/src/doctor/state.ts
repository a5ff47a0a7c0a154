import type { Fault } from '@espalier/base';
import type { Examination, PageStart } from '@espalier/protocol';

export type Found = Examination & { readonly mayInstall: boolean };

/** Where the installation of a tool stands. */
export type Install =
  | { readonly kind: 'running'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'cancelled' };

export interface State {
  readonly start: PageStart | null;
  readonly content:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'failed'; readonly fault: Fault }
    | { readonly kind: 'found'; readonly found: Found };
  readonly installs: ReadonlyMap<string, Install>;
}

export type Action =
  | { readonly type: 'started'; readonly start: PageStart }
  | { readonly type: 'found'; readonly found: Found }
  | { readonly type: 'failed'; readonly fault: Fault }
  | { readonly type: 'install'; readonly tool: string; readonly install: Install | null };

export const initialState: State = { start: null, content: { kind: 'waiting' }, installs: new Map() };

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'started':
      return { ...state, start: action.start };
    case 'found':
      return { ...state, content: { kind: 'found', found: action.found } };
    case 'failed':
      return { ...state, content: { kind: 'failed', fault: action.fault } };
    case 'install': {
      const installs = new Map(state.installs);
      if (action.install === null) installs.delete(action.tool);
      else installs.set(action.tool, action.install);
      return { ...state, installs };
    }
  }
}

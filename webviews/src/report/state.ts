import type { Fault } from '@espalier/base';
import type {
  ChangeReport,
  LayerChange,
  PageStart,
  Plan,
  PlanAnswer,
  RecipeProblem,
  RecipeQuery,
} from '@espalier/protocol';

/** What the page shows: a report, or the plan of a recipe as it is worked out. */
export type Content =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'report'; readonly report: ChangeReport }
  | {
      readonly kind: 'plan';
      readonly recipe: RecipeQuery;
      readonly trusted: boolean;
      /** Layers that are worked out so far; those of the plan before stay until the new one is there. */
      readonly layers: readonly LayerChange[];
      readonly plan: Plan | null;
      readonly problems: readonly RecipeProblem[];
      readonly fault: Fault | null;
      readonly progress: { readonly done: number; readonly total: number } | null;
    };

export interface State {
  readonly start: PageStart | null;
  readonly content: Content;
  readonly asTable: boolean;
  readonly othersShown: boolean;
}

export type Action =
  | { readonly type: 'started'; readonly start: PageStart }
  | { readonly type: 'report'; readonly report: ChangeReport }
  | { readonly type: 'failed'; readonly fault: Fault }
  | { readonly type: 'planning'; readonly recipe: RecipeQuery; readonly trusted: boolean }
  | { readonly type: 'plan-progress'; readonly done: number; readonly total: number }
  | { readonly type: 'planned'; readonly answer: PlanAnswer }
  | { readonly type: 'twin' }
  | { readonly type: 'others' };

export const initialState: State = {
  start: null,
  content: { kind: 'waiting' },
  asTable: false,
  othersShown: false,
};

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'started':
      return { ...state, start: action.start };
    case 'report':
      return { ...state, content: { kind: 'report', report: action.report } };
    case 'failed':
      return { ...state, content: { kind: 'failed', fault: action.fault } };
    case 'planning': {
      const before = state.content.kind === 'plan' ? state.content : null;
      return {
        ...state,
        content: {
          kind: 'plan',
          recipe: action.recipe,
          trusted: action.trusted,
          layers: before?.layers ?? [],
          plan: before?.plan ?? null,
          problems: before?.problems ?? [],
          fault: null,
          progress: { done: 0, total: 0 },
        },
      };
    }
    case 'plan-progress':
      if (state.content.kind !== 'plan') return state;
      return { ...state, content: { ...state.content, progress: { done: action.done, total: action.total } } };
    case 'planned':
      return { ...state, content: planned(state.content, action.answer) };
    case 'twin':
      return { ...state, asTable: !state.asTable };
    case 'others':
      return { ...state, othersShown: !state.othersShown };
  }
}

/** A recipe with problems keeps the last plan that worked beside them. */
function planned(content: Content, answer: PlanAnswer): Content {
  if (content.kind !== 'plan') return content;
  const done = { ...content, progress: null };
  switch (answer.kind) {
    case 'plan':
      return { ...done, plan: answer.plan, layers: answer.plan.layers, problems: [], fault: null };
    case 'problems':
      return { ...done, problems: answer.problems, fault: null };
    case 'fault':
      return { ...done, problems: [], fault: answer.fault };
  }
}

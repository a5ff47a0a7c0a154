/** Holds one state, changed by a pure function alone. */
export interface Store<State, Action> {
  readonly state: State;
  dispatch(action: Action): void;
  /** Called after every change, with the state before. Returns the function that ends this. */
  subscribe(listener: (state: State, before: State) => void): () => void;
}

export function createStore<State, Action>(
  reduce: (state: State, action: Action) => State,
  initial: State,
): Store<State, Action> {
  let state = initial;
  const listeners = new Set<(state: State, before: State) => void>();
  return {
    get state() {
      return state;
    },
    dispatch(action) {
      const before = state;
      state = reduce(state, action);
      if (state !== before) for (const listener of listeners) listener(state, before);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Remembers the last result, as long as the arguments are the very same. */
export function memoise<Args extends readonly unknown[], Result>(
  calculate: (...args: Args) => Result,
): (...args: Args) => Result {
  let last: { args: Args; result: Result } | undefined;
  return (...args) => {
    if (last === undefined || args.some((arg, i) => arg !== last!.args[i])) last = { args, result: calculate(...args) };
    return last.result;
  };
}

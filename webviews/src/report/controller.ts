import {
  type PageAction,
  type PlanQuery,
  pageAction,
  pageRecipe,
  pageStart,
  plan,
  type RecipeQuery,
  report,
} from '@espalier/protocol';
import { type Channel, faultOf, isAbort } from '../shared/channel.js';
import type { Host } from '../shared/host.js';
import type { Store } from '../shared/store.js';
import type { Action, State } from './state.js';

/** What a plan tells only when asked. */
export type Wishes = Pick<PlanQuery, 'gzip' | 'measure'>;

/** All that happens outside the page: the report is read, or the recipe planned whenever it changed. */
export class Controller {
  private planning: AbortController | null = null;

  constructor(
    private readonly channel: Channel,
    private readonly host: Host,
    private readonly store: Store<State, Action>,
  ) {
    channel.on(pageRecipe, ({ trusted, ...recipe }) => void this.plan(recipe, trusted));
  }

  async start(): Promise<void> {
    const start = await this.channel.ask(pageStart, {});
    this.store.dispatch({ type: 'started', start });
    // What brings the page back after a reload of the window.
    this.host.remember({ kind: start.kind, paths: start.paths, names: start.names });
    if (start.kind === 'report') await this.read();
  }

  async read(): Promise<void> {
    const path = this.store.state.start?.paths[0] ?? '';
    try {
      const answer = await this.channel.ask(report, { path });
      this.store.dispatch(
        answer.ok ? { type: 'report', report: answer.value } : { type: 'failed', fault: answer.fault },
      );
    } catch (error) {
      if (!isAbort(error)) this.store.dispatch({ type: 'failed', fault: faultOf(error) });
    }
  }

  /** Plans the recipe as it reads now; the plan of an older text is given up. */
  async plan(recipe: RecipeQuery, trusted: boolean, wishes: Wishes = {}): Promise<void> {
    this.planning?.abort();
    const controller = new AbortController();
    this.planning = controller;
    this.store.dispatch({ type: 'planning', recipe, trusted });
    try {
      const answer = await this.channel.stream(
        plan,
        { ...recipe, ...wishes },
        (item) => {
          if (item.kind === 'progress')
            this.store.dispatch({ type: 'plan-progress', done: item.done, total: item.total });
        },
        controller.signal,
      );
      this.store.dispatch({ type: 'planned', answer });
    } catch (error) {
      if (!isAbort(error)) this.store.dispatch({ type: 'planned', answer: { kind: 'fault', fault: faultOf(error) } });
    }
  }

  /** Works the plan out again, with what takes its time. */
  wish(wishes: Wishes): void {
    const { content } = this.store.state;
    if (content.kind === 'plan') void this.plan(content.recipe, content.trusted, wishes);
  }

  act(action: PageAction): void {
    // What the editor could not do, the editor says.
    this.channel.ask(pageAction, action).catch(() => {});
  }
}

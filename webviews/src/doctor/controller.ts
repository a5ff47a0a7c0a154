import { examine, install, type PageAction, pageAction, pageReload, pageStart } from '@espalier/protocol';
import { type Channel, faultOf, isAbort } from '../shared/channel.js';
import type { Store } from '../shared/store.js';
import type { Action, State } from './state.js';

/** All that happens outside the page: the machine is looked at, tools are installed. */
export class Controller {
  private readonly installing = new Map<string, AbortController>();

  constructor(
    private readonly channel: Channel,
    private readonly store: Store<State, Action>,
  ) {
    // The workspace is trusted now.
    channel.on(pageReload, () => void this.look());
  }

  async start(): Promise<void> {
    this.store.dispatch({ type: 'started', start: await this.channel.ask(pageStart, {}) });
    await this.look();
  }

  async look(): Promise<void> {
    try {
      this.store.dispatch({ type: 'found', found: await this.channel.ask(examine, {}) });
    } catch (error) {
      if (!isAbort(error)) this.store.dispatch({ type: 'failed', fault: faultOf(error) });
    }
  }

  async install(tool: string): Promise<void> {
    const controller = new AbortController();
    this.installing.set(tool, controller);
    const tell = (state: Extract<Action, { type: 'install' }>['install']): void =>
      this.store.dispatch({ type: 'install', tool, install: state });
    tell({ kind: 'running', seconds: 0 });
    try {
      const answer = await this.channel.stream(
        install,
        { name: tool },
        ({ seconds }) => tell({ kind: 'running', seconds }),
        controller.signal,
      );
      tell(answer.ok ? null : { kind: 'failed', fault: answer.fault });
      if (answer.ok) await this.look();
    } catch (error) {
      tell(isAbort(error) ? { kind: 'cancelled' } : { kind: 'failed', fault: faultOf(error) });
    } finally {
      this.installing.delete(tool);
    }
  }

  cancel(tool: string): void {
    this.installing.get(tool)?.abort();
  }

  copy(text: string): void {
    this.act({ action: 'copy', text });
  }

  explain(code: string): void {
    this.act({ action: 'documentation', code });
  }

  private act(action: PageAction): void {
    // What the editor could not do, the editor says.
    this.channel.ask(pageAction, action).catch(() => {});
  }
}

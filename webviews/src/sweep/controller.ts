import { type PageAction, pageAction, pageStart, sweep } from '@espalier/protocol';
import { type Channel, faultOf, isAbort } from '../shared/channel.js';
import type { Host } from '../shared/host.js';
import type { Store } from '../shared/store.js';
import type { Action, State } from './state.js';

/** All that happens outside the page: the comparison is read. */
export class Controller {
  constructor(
    private readonly channel: Channel,
    private readonly host: Host,
    private readonly store: Store<State, Action>,
  ) {}

  async start(): Promise<void> {
    const start = await this.channel.ask(pageStart, {});
    this.store.dispatch({ type: 'started', start });
    // What brings the page back after a reload of the window.
    this.host.remember({ kind: start.kind, paths: start.paths, names: start.names });
    await this.read();
  }

  async read(): Promise<void> {
    const path = this.store.state.start?.paths[0] ?? '';
    try {
      const answer = await this.channel.ask(sweep, { path });
      this.store.dispatch(
        answer.ok ? { type: 'report', report: answer.value } : { type: 'failed', fault: answer.fault },
      );
    } catch (error) {
      if (!isAbort(error)) this.store.dispatch({ type: 'failed', fault: faultOf(error) });
    }
  }

  act(action: PageAction): void {
    // What the editor could not do, the editor says.
    this.channel.ask(pageAction, action).catch(() => {});
  }
}

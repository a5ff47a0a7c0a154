import {
  type CompareItem,
  changed,
  compare,
  compareHeads,
  type PageAction,
  pageAction,
  pageReload,
  pageSelect,
  pageStart,
  pageStore,
  trend,
} from '@espalier/protocol';
import { type Channel, faultOf, isAbort } from '../shared/channel.js';
import type { Host } from '../shared/host.js';
import type { Store } from '../shared/store.js';
import { type Action, type Remembered, remembered, type State } from './state.js';
import type { TrendAction, TrendState } from './trendState.js';

/** Differences that arrive within this time are shown together. */
const BATCH_MS = 40;

/** All that happens outside the page. Two files are compared value by value; three or more by their shares of zeros. */
export class Controller {
  private comparing: AbortController | null = null;
  private opening: AbortController | null = null;
  private items: CompareItem[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly channel: Channel,
    private readonly host: Host,
    private readonly store: Store<State, Action>,
    private readonly trendStore: Store<TrendState, TrendAction>,
  ) {
    channel.on(changed, ({ path, at, deleted }) => {
      // Nothing is shown that a reload could take away: a file that could not be read may have become whole.
      if (this.paths.length > 2 ? trendStore.state.answer.kind === 'failed' : store.state.files.kind !== 'open') {
        this.reload();
      } else store.dispatch({ type: 'file-changed', path, at, deleted });
    });
    channel.on(pageReload, () => this.reload());
    channel.on(pageSelect, ({ tensor }) => store.dispatch({ type: 'select', tensor }));
    store.subscribe((state, before) => {
      if (state.split !== before.split) channel.send(pageStore, { key: 'compareSplit', value: state.split });
      host.remember(remembered(state));
    });
  }

  get paths(): readonly string[] {
    return this.store.state.start?.paths ?? [];
  }

  private get query() {
    return { before: this.paths[0] ?? '', after: this.paths[1] ?? '' };
  }

  async start(): Promise<void> {
    const start = await this.channel.ask(pageStart, {});
    const recalled = (this.host.recall() ?? {}) as Partial<Remembered>;
    this.store.dispatch({ type: 'started', start, recalled });
    if (start.paths.length > 2) await this.openTrend();
    else await this.open();
  }

  private reload(): void {
    void (this.paths.length > 2 ? this.openTrend() : this.open());
  }

  /** Opens both files, or opens them again. */
  async open(): Promise<void> {
    this.comparing?.abort();
    this.opening?.abort();
    const opening = new AbortController();
    this.opening = opening;
    try {
      const answer = await this.channel.ask(compareHeads, this.query, opening.signal);
      this.items = [];
      if (!answer.ok) {
        this.store.dispatch({ type: 'open-failed', fault: answer.fault });
        return;
      }
      this.store.dispatch({ type: 'opened', ...answer.value });
      if (this.store.state.start?.scanAutomatically !== false) this.compare();
    } catch (error) {
      if (!isAbort(error)) this.store.dispatch({ type: 'open-failed', fault: faultOf(error) });
    }
  }

  retry(): void {
    this.store.dispatch({ type: 'opening' });
    void this.open();
  }

  compare(): void {
    this.comparing?.abort();
    const controller = new AbortController();
    this.comparing = controller;
    this.store.dispatch({ type: 'scan-started' });
    this.channel
      .stream(compare, this.query, (item) => this.queue(item), controller.signal)
      .then(
        ({ fault, ...end }) => {
          this.flush();
          if (fault === undefined) this.store.dispatch({ type: 'scan-ended', end });
          else this.store.dispatch({ type: 'scan-failed', fault });
        },
        (error: unknown) => {
          this.flush();
          if (!isAbort(error)) this.store.dispatch({ type: 'scan-failed', fault: faultOf(error) });
        },
      );
  }

  stop(): void {
    this.comparing?.abort();
    this.comparing = null;
    this.flush();
    this.store.dispatch({ type: 'scan-stopped' });
  }

  async openTrend(): Promise<void> {
    this.trendStore.dispatch({ type: 'asked' });
    try {
      const answer = await this.channel.ask(trend, { paths: this.paths });
      if (answer.ok) this.trendStore.dispatch({ type: 'answered', layers: answer.value.layers });
      else this.trendStore.dispatch({ type: 'failed', fault: answer.fault });
    } catch (error) {
      this.trendStore.dispatch({ type: 'failed', fault: faultOf(error) });
    }
  }

  act(action: PageAction): void {
    // What the editor could not do, the editor says.
    this.channel.ask(pageAction, action).catch(() => {});
  }

  private queue(item: CompareItem): void {
    this.items.push(item);
    this.timer ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { items } = this;
    this.items = [];
    const values = items.flatMap((item) => (item.kind === 'values' ? item.values : []));
    const progress = items.findLast((item) => item.kind === 'progress');
    if (values.length > 0) this.store.dispatch({ type: 'values', values });
    if (progress !== undefined) this.store.dispatch({ type: 'progress', progress });
  }
}

import {
  changed,
  type FileHead,
  gzip,
  openHead,
  type PageAction,
  pageAction,
  pageReload,
  pageSelect,
  pageStart,
  pageStore,
  type ScanItem,
  scan,
} from '@espalier/protocol';
import { type Channel, faultOf, isAbort } from '../shared/channel.js';
import type { Host } from '../shared/host.js';
import type { Store } from '../shared/store.js';
import { type Action, type Gzip, type Remembered, remembered, type State } from './state.js';

/** Facts that arrive within this time are shown together: a page need not be drawn for each of two thousand tensors. */
const BATCH_MS = 40;

/** All that happens outside the page: questions to the host, and what is kept for the next time. */
export class Controller {
  private scanning: AbortController | null = null;
  private opening: AbortController | null = null;
  private compressing: AbortController | null = null;
  private compressingAll: AbortController | null = null;
  private items: ScanItem[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What is read, or was until it stopped, is everything: also what a sample would do for. */
  private full = false;

  constructor(
    private readonly channel: Channel,
    private readonly host: Host,
    private readonly store: Store<State, Action>,
  ) {
    channel.on(changed, ({ at, deleted }) => {
      // Nothing is shown that a reload could take away: a file that could not be read may have become whole.
      if (this.head === null) void this.open();
      else store.dispatch({ type: 'file-changed', at, deleted });
    });
    channel.on(pageReload, () => void this.open());
    channel.on(pageSelect, ({ tensor }) => store.dispatch({ type: 'select', tensor }));
    store.subscribe((state, before) => {
      if (state.selected !== before.selected || state.scan !== before.scan) this.compressSelected();
      if (state.split !== before.split) channel.send(pageStore, { key: 'split', value: state.split });
      host.remember(remembered(state));
    });
  }

  private get path(): string {
    return this.store.state.start?.paths[0] ?? '';
  }

  private get head(): FileHead | null {
    const { file } = this.store.state;
    return file.kind === 'open' ? file.head : null;
  }

  async start(): Promise<void> {
    const start = await this.channel.ask(pageStart, {});
    const recalled = (this.host.recall() ?? {}) as Partial<Remembered>;
    this.store.dispatch({ type: 'started', start, recalled });
    await this.open();
  }

  /** Opens the file, or opens it again. */
  async open(): Promise<void> {
    this.scanning?.abort();
    this.opening?.abort();
    const opening = new AbortController();
    this.opening = opening;
    try {
      const answer = await this.channel.ask(openHead, { path: this.path }, opening.signal);
      this.items = [];
      if (!answer.ok) {
        this.store.dispatch({ type: 'open-failed', fault: answer.fault });
        return;
      }
      this.store.dispatch({ type: 'opened', head: answer.value, at: Date.now() });
      if (this.store.state.start?.scanAutomatically !== false && answer.value.tensors.length > 0) this.read({});
    } catch (error) {
      if (!isAbort(error)) this.store.dispatch({ type: 'open-failed', fault: faultOf(error) });
    }
  }

  /** Tries again after a fault of the whole file. */
  retry(): void {
    this.store.dispatch({ type: 'opening' });
    void this.open();
  }

  /** Reads what has not been read, beginning with `first`. `full` reads everything, also what was sampled. */
  read(wish: { readonly first?: readonly string[]; readonly full?: boolean }): void {
    this.scanning?.abort();
    this.full = wish.full === true;
    const controller = new AbortController();
    this.scanning = controller;
    const known = wish.full === true ? [] : [...this.store.state.facts.keys()];
    const query = {
      path: this.path,
      ...(wish.first === undefined ? {} : { first: wish.first }),
      ...(wish.full === undefined ? {} : { full: wish.full }),
      ...(known.length === 0 ? {} : { skip: known }),
    };
    this.store.dispatch({ type: 'scan-started' });
    this.channel
      .stream(scan, query, (item) => this.queue(item), controller.signal)
      .then(
        (end) => {
          this.flush();
          if (end.fault === undefined) this.store.dispatch({ type: 'scan-ended', end, at: Date.now() });
          else this.store.dispatch({ type: 'scan-failed', fault: end.fault });
        },
        (error: unknown) => {
          this.flush();
          if (isAbort(error)) return;
          const fault = faultOf(error);
          // Stopped from the editor, which stops all scans at once.
          if (fault.code === 'host/cancelled') this.store.dispatch({ type: 'scan-stopped' });
          else this.store.dispatch({ type: 'scan-failed', fault });
        },
      );
  }

  /** Goes on with what stopped. */
  resume(): void {
    this.read(this.full ? { full: true } : {});
  }

  stop(): void {
    this.scanning?.abort();
    this.scanning = null;
    this.flush();
    this.store.dispatch({ type: 'scan-stopped' });
  }

  /** The size after gzip of the tensor that is open, once reading is over and if it did not come with the values. */
  private compressSelected(): void {
    const { selected, scan: reading, facts, gzip: known } = this.store.state;
    const sizes = selected === null ? undefined : facts.get(selected)?.stats?.sizes;
    const wanted = reading.kind === 'running' || sizes === undefined || sizes.gzip !== null ? null : selected;
    if (wanted !== null && known.has(wanted)) return;
    this.compressing?.abort();
    this.compressing = null;
    if (wanted === null) return;
    this.compressing = this.compress(wanted);
  }

  /** The size of all tensors together after gzip, unless it is known or on its way. */
  compressAll(): void {
    if (this.store.state.modelGzip !== null) return;
    this.compressingAll?.abort();
    this.compressingAll = this.compress(null);
  }

  /** Nobody looks at that size any more. */
  stopCompressingAll(): void {
    this.compressingAll?.abort();
    this.compressingAll = null;
  }

  private compress(tensor: string | null): AbortController {
    const controller = new AbortController();
    const { head } = this;
    // An answer about the file as it was is none about the file as it is.
    const tell = (found: Gzip | null): void => {
      if (this.head === head) this.store.dispatch({ type: 'gzip', tensor, gzip: found });
    };
    tell('asked');
    this.channel.ask(gzip, { path: this.path, ...(tensor === null ? {} : { tensor }) }, controller.signal).then(
      (answer) => tell(answer.ok ? (answer.value ?? 'none') : 'none'),
      // Given up: asked again when somebody looks again.
      (error: unknown) => tell(isAbort(error) ? null : 'none'),
    );
    return controller;
  }

  act(action: PageAction): void {
    // What the editor could not do, the editor says.
    this.channel.ask(pageAction, action).catch(() => {});
  }

  private queue(item: ScanItem): void {
    this.items.push(item);
    this.timer ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { items } = this;
    this.items = [];
    const facts = items.flatMap((item) => (item.kind === 'facts' ? item.facts : []));
    const findings = items.flatMap((item) => (item.kind === 'facts' ? (item.findings ?? []) : []));
    const progress = items.findLast((item) => item.kind === 'progress');
    if (facts.length > 0) this.store.dispatch({ type: 'scan-item', item: { kind: 'facts', facts, findings } });
    if (progress !== undefined) this.store.dispatch({ type: 'scan-item', item: progress });
  }
}

import { parentPort } from 'node:worker_threads';
import { createEngine } from '@espalier/service';
import { type FollowRules, nodeFiles } from './nodeFiles.js';
import type { FromWorker, ToWorker } from './wire.js';

/** Entry of a worker thread: runs tasks until its owner ends it. */
export function serveTasks(): void {
  const port = parentPort;
  if (port === null) throw new Error('invariant: serveTasks runs in a worker thread');
  let rules: FollowRules = { workspaceRoots: [], trusted: false };
  const engine = createEngine(
    nodeFiles(() => rules, { blocking: true }),
    () => performance.now(),
  );
  const running = new Map<number, AbortController>();
  const say = (message: FromWorker): void => port.postMessage(message);

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'rules':
        rules = message.rules;
        engine.forget();
        return;
      case 'abort':
        running.get(message.id)?.abort();
        return;
      case 'run':
        void run(message);
    }
  });

  async function run({ id, kind, query }: Extract<ToWorker, { type: 'run' }>): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const answer = await engine.run(kind, query as never, {
        signal: controller.signal,
        onItem: (item) => say({ type: 'item', id, item }),
        onProgress: (progress) => say({ type: 'progress', id, progress }),
      });
      say({ type: 'answer', id, answer });
    } catch (error) {
      if (controller.signal.aborted) say({ type: 'aborted', id });
      else {
        const { message, stack } = error instanceof Error ? error : new Error(String(error));
        say({ type: 'bug', id, message, stack: stack ?? '' });
      }
    } finally {
      running.delete(id);
    }
  }
}

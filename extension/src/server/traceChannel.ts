import { type Disposable, EventEmitter, LogLevel, type LogOutputChannel, workspace } from 'vscode';

/**
 * The log as the channel of the trace. The language client writes a trace only while its channel's level is `Trace`; here the level follows
 * `espalier.trace.server`, so that the setting alone is enough and the log keeps its own level.
 */
export function traceChannel(log: LogOutputChannel): { readonly channel: LogOutputChannel; dispose(): void } {
  const changed = new EventEmitter<LogLevel>();
  const level = (): LogLevel =>
    workspace.getConfiguration('espalier').get('trace.server', 'off') === 'off' ? LogLevel.Info : LogLevel.Trace;
  const watching: Disposable = workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration('espalier.trace.server')) changed.fire(level());
  });
  // The editor's objects are frozen: what stands for one must be another.
  const channel = new Proxy({} as LogOutputChannel, {
    get(_, key) {
      if (key === 'logLevel') return level();
      if (key === 'onDidChangeLogLevel') return changed.event;
      if (key === 'trace') return (message: string, ...more: unknown[]) => log.info(message, ...more);
      const value: unknown = Reflect.get(log, key);
      return typeof value === 'function' ? value.bind(log) : value;
    },
  });
  return {
    channel,
    dispose() {
      watching.dispose();
      changed.dispose();
    },
  };
}

import type { Port } from './channel.js';

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): EditorApi;

/** The editor around the page: a port, and a small memory that lasts as long as the tab. */
export interface Host extends Port {
  recall(): unknown;
  remember(state: unknown): void;
}

/** May be called once in the life of a page. */
export function connectHost(): Host {
  const editor = acquireVsCodeApi();
  return {
    post: (envelope) => editor.postMessage(envelope),
    listen: (receive) => window.addEventListener('message', (event: MessageEvent<unknown>) => receive(event.data)),
    recall: () => editor.getState(),
    remember: (state) => editor.setState(state),
  };
}

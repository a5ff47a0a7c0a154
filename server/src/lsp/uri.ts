import { fileURLToPath, pathToFileURL } from 'node:url';

/** The path of a `file:` URI; null for documents that have none (unsaved, virtual). Notebook cells have that of their notebook. */
export function pathOfUri(uri: string): string | null {
  try {
    const url = new URL(uri);
    if (url.protocol === 'vscode-notebook-cell:') {
      url.hash = '';
      return fileURLToPath(`file://${url.host}${url.pathname}`);
    }
    if (url.protocol !== 'file:') return null;
    return fileURLToPath(url);
  } catch {
    return null;
  }
}

export const uriOfPath = (path: string): string => pathToFileURL(path).href;

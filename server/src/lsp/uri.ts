import { fileURLToPath, pathToFileURL } from 'node:url';

/** The path of a `file:` URI; null for documents that have none (unsaved, virtual). Notebook cells have that of their notebook. */
export function pathOfUri(uri: string): string | null {
  try {
    const url = new URL(uri);
    if (url.protocol === 'vscode-notebook-cell:') {
      const host = isRemote(url.hash) ? '' : url.host;
      return fileURLToPath(`file://${host}${url.pathname}`);
    }
    if (url.protocol !== 'file:') return null;
    return fileURLToPath(url);
  } catch {
    return null;
  }
}

/**
 * Whether the cell is of a notebook in a remote window: its host is then the name of the connection, not a server that shares files. After an `s` at its
 * end the fragment tells the scheme of the notebook in Base64.
 */
function isRemote(fragment: string): boolean {
  const scheme = /s([\w-]+=*)$/.exec(decodeURIComponent(fragment))?.[1];
  return scheme !== undefined && Buffer.from(scheme, 'base64url').toString() === 'vscode-remote';
}

export const uriOfPath = (path: string): string => pathToFileURL(path).href;

import { expect, test } from 'vitest';
import { pathOfUri } from './uri.js';

test.each([
  ['file:///work/a%20b.py', '/work/a b.py'],
  ['untitled:Untitled-1', null],
  ['vscode-vfs://github/owner/repo/a.py', null],
  ['vscode-notebook-cell:/work/a.ipynb#W0sZmlsZQ%3D%3D', '/work/a.ipynb'],
  ['vscode-notebook-cell:/work/a.ipynb#X10', '/work/a.ipynb'],
  // In a browser, over SSH, in a container: the host is the connection.
  ['vscode-notebook-cell://127.0.0.1:44123/work/a.ipynb#W0sdnNjb2RlLXJlbW90ZQ%3D%3D', '/work/a.ipynb'],
  ['vscode-notebook-cell://ssh-remote%2Bbox/work/a.ipynb#W1sdnNjb2RlLXJlbW90ZQ==', '/work/a.ipynb'],
  ['%', null],
])('%s is the file %s', (uri, path) => expect(pathOfUri(uri)).toBe(path));

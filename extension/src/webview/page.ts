import { randomBytes } from 'node:crypto';
import { Uri, type Webview } from 'vscode';

/** The page's frame: scripts and styles only from the extension and with a nonce, nothing from anywhere else. */
export function pageHtml(
  webview: Webview,
  extensionUri: Uri,
  bundle: 'checkpoint' | 'compare' | 'report' | 'sweep' | 'doctor',
  title: string,
): string {
  const nonce = randomBytes(16).toString('base64');
  const asset = (name: string): string =>
    webview.asWebviewUri(Uri.joinPath(extensionUri, 'dist', 'webviews', name)).toString();
  const policy = [
    "default-src 'none'",
    `img-src ${webview.cspSource} data: blob:`,
    `font-src ${webview.cspSource}`,
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="espalier-nonce" content="${nonce}">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" nonce="${nonce}" href="${asset(`${bundle}.css`)}">
</head>
<body>
<script type="module" nonce="${nonce}" src="${asset(`${bundle}.js`)}"></script>
</body>
</html>`;
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[char]!);

/** Pages may load only the bundle. */
export const pageOptions = (extensionUri: Uri) => ({
  enableScripts: true,
  localResourceRoots: [Uri.joinPath(extensionUri, 'dist', 'webviews')],
});

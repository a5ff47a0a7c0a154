import { examine as examineHere, installTool, TOOLS } from '@espalier/host';
import { examine, install } from '@espalier/protocol';
import type { Connection } from 'vscode-languageserver/node';
import { answer, answerStream } from '../lsp/requests.js';

export interface DoctorContext {
  readonly version: string;
  /** From where tools of the person's are looked for. */
  folder(): string;
  isTrusted(): boolean;
}

/** Tells what the machine has, and installs what is optional. Nothing is installed where the workspace is not trusted. */
export function registerDoctorRequests(connection: Connection, { version, folder, isTrusted }: DoctorContext): void {
  answer(connection, examine, async () => ({ ...(await examineHere(folder(), version)), mayInstall: isTrusted() }));
  answerStream(connection, install, async ({ name }, signal, send) => {
    if (!isTrusted())
      return {
        ok: false,
        fault: {
          code: 'tool/untrusted',
          message: 'Nothing is installed from a workspace that is not trusted.',
          hint: 'Trust the workspace first.',
        },
      };
    const tool = TOOLS.find((each) => each.name === name);
    if (tool === undefined)
      return { ok: false, fault: { code: 'tool/unknown', message: `There is no optional tool ${name}.` } };
    const began = performance.now();
    const timer = setInterval(() => send({ seconds: Math.round((performance.now() - began) / 1000) }), 1000);
    try {
      return await installTool(tool, signal);
    } finally {
      clearInterval(timer);
    }
  });
}

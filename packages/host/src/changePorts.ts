import { createHash } from 'node:crypto';
import type { ChangePorts } from '@espalier/service';
import { evaluateCommand } from './evaluateCommand.js';
import { describeMachine } from './machine.js';
import { type FollowRules, nodeFiles } from './nodeFiles.js';
import { onnxRuntime } from './onnxRuntime.js';
import { outputFolder } from './outputFolder.js';

/** Read at once for a hash. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** What a recipe needs of this machine. Commands run only where the workspace is trusted. */
export function changePorts(rules: () => FollowRules, version: string): ChangePorts {
  return {
    files: nodeFiles(rules, { blocking: true }),
    outputs: outputFolder,
    async sha256(source, signal) {
      const hash = createHash('sha256');
      const window = new Uint8Array(Math.min(WINDOW_BYTES, source.sizeBytes));
      for (let at = 0; at < source.sizeBytes; at += WINDOW_BYTES) {
        const bytes = window.subarray(0, Math.min(WINDOW_BYTES, source.sizeBytes - at));
        await source.readInto(bytes, at, signal);
        hash.update(bytes);
      }
      return hash.digest('hex');
    },
    evaluate: rules().trusted ? evaluateCommand : null,
    findRuntime: rules().trusted ? onnxRuntime : null,
    now: () => performance.now(),
    today: () => new Date().toISOString(),
    machine: describeMachine(),
    version,
  };
}

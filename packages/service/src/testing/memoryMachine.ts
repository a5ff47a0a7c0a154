import { raise, textDigest } from '@espalier/base';
import type { OutputFolder } from '@espalier/checkpoint';
import type { FindRuntime } from '../change/modelRuntime.js';
import type { ChangePorts } from '../change/ports.js';
import type { MemoryFiles } from './memoryFiles.js';

/** A machine in memory: its disk, and the commands that it was asked to run. */
export interface MemoryMachine {
  readonly files: MemoryFiles;
  readonly ports: ChangePorts;
  readonly commands: string[];
}

/** Outputs land in the same files as inputs. For tests. */
export function memoryMachine(
  files: MemoryFiles,

  options: {
    trusted?: boolean;
    findRuntime?: FindRuntime;
    fail?: 'create' | 'write';
    onWrite?: (files: MemoryFiles) => void;
  } = {},
): MemoryMachine {
  const commands: string[] = [];
  const outputs = (folder: string): OutputFolder => {
    const parts = new Map<string, number[]>();
    return {
      async create(name) {
        if (options.fail === 'create')
          return { ok: false, fault: { code: 'output/exists', message: 'The output exists already.', file: name } };
        const bytes: number[] = [];
        parts.set(name, bytes);
        return {
          ok: true,
          value: {
            get position() {
              return bytes.length;
            },
            async write(window) {
              if (options.fail === 'write')
                raise({ code: 'output/no-space', message: 'There is no space left on the disk.' });
              options.onWrite?.(files);
              for (const byte of window) bytes.push(byte);
            },
            async patch(begin, window) {
              for (const [i, byte] of window.entries()) bytes[begin + i] = byte;
            },
          },
        };
      },
      async commit() {
        for (const [name, bytes] of parts) files.write(`${folder}/${name}`, Uint8Array.from(bytes));
        return { ok: true, value: [...parts].map(([name, bytes]) => ({ name, sizeBytes: bytes.length })) };
      },
      async discard() {
        parts.clear();
      },
    };
  };
  const ports: ChangePorts = {
    files,
    outputs,
    // No SHA-256, and different wherever bytes are.
    sha256: async (source) => textDigest((await source.read(0, source.sizeBytes)).join()),
    evaluate:
      options.trusted === false
        ? null
        : async (command) => {
            commands.push(command);
            return { ok: true, value: 90 + commands.length };
          },
    findRuntime: options.findRuntime ?? null,
    now: () => performance.now(),
    today: () => '2026-01-01T00:00:00.000Z',
    machine: 'a machine',
    version: '1.2.3',
  };
  return { files, ports, commands };
}

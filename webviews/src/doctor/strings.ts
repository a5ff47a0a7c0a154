import type { ToolState } from '@espalier/protocol';
import type { KeyLine } from '../shared/sheet.js';

/** Everything a person reads on the page of the doctor. */
export const S = {
  title: 'Doctor',
  actions: { again: 'Look Again', copy: 'Copy', keys: 'Keys (?)', keysLabel: 'Keys' },
  waiting: 'Looking at this machine',
  machine: {
    heading: 'What does this machine have?',
    espalier: 'Espalier',
    node: 'Node',
    system: 'System',
    processor: 'Processor',
    threads: 'Threads',
    memory: 'Memory',
    free: (free: string) => `${free} free`,
    kernels: 'Kernels',
    simd: 'WebAssembly SIMD',
    plain: 'plain JavaScript: WebAssembly SIMD is missing, everything takes longer',
    shared: 'Memory of threads',
    canShare: 'can be shared',
    cannotShare: 'cannot be shared',
  },
  tools: {
    heading: 'Which optional tools are there?',
    note: 'Espalier does everything else without them.',
    missing: 'not found',
    places: {
      folder: 'in the workspace or above',
      beside: 'beside Espalier',
      installed: 'installed by Espalier',
    } satisfies Record<NonNullable<ToolState['where']>, string>,
    install: (version: string) => `Install ${version}`,
    pinned: (folder: string) =>
      `Pinned, every package checked by its SHA-512, no scripts of packages run; into ${folder}. Takes npm and the network.`,
    untrusted: 'Installing needs a trusted workspace.',
    running: (seconds: string) => `Installing, ${seconds} s`,
    cancel: 'Cancel',
    cancelled: 'Cancelled; nothing was left behind.',
    again: 'Try Again',
  },
} as const;

export const DOCTOR_KEYS: readonly KeyLine[] = [
  [['r'], 'look again'],
  [['c'], 'copy all of it as text'],
  [['?'], 'this list'],
];

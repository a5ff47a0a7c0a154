import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder `fixtures/` of the repository. */
export const fixturesFolder = join(dirname(fileURLToPath(import.meta.url)), '../../../fixtures');

/** Absolute path of a fixture: `fixturePath('checkpoints/npy/f32.npy')`. */
export const fixturePath = (relative: string): string => join(fixturesFolder, relative);

/** A finite number, or the text of one that JSON cannot hold. */
export type GoldenNumber = number | 'NaN' | 'Infinity' | '-Infinity';

export interface GoldenTensor {
  readonly name: string;
  readonly path?: string;
  readonly dtype: string;
  readonly storage: string;
  readonly shape: readonly number[];
  readonly elements: number;
  readonly bytes?: number;
  readonly quantization?: {
    readonly scale: readonly number[];
    readonly zeroPoint: readonly number[];
    readonly axis: number | null;
  };
  readonly zeros: number;
  readonly exactZeros: number;
  readonly nan: number;
  readonly inf: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly absmax: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly quantiles: readonly number[] | null;
  readonly digest: {
    readonly as: 'f32' | 'f64';
    readonly sha256: string;
    /** The same with +0 for −0, where that may come of a product. */
    readonly unsignedZero?: string;
  };
  readonly first: readonly GoldenNumber[];
  readonly last: readonly GoldenNumber[];
  readonly histogram?: readonly number[];
  readonly sparse?: { readonly layout: string; readonly nnz: number };
  readonly alias?: string;
  readonly structure?: GoldenStructure;
}

export interface GoldenStructure {
  readonly outputAxis: number | readonly number[];
  readonly inputAxis: number | null;
  readonly outputChannels: number;
  readonly deadOutputChannels: readonly number[];
  readonly deadInputChannels: readonly number[];
  readonly patterns: Readonly<
    Record<
      string,
      readonly {
        readonly axis: number;
        readonly groups: number;
        readonly compliantGroups: number;
        readonly strict: boolean;
      }[]
    >
  >;
  readonly blocks: Readonly<Record<string, { readonly blocks: number; readonly zeroBlocks: number }>>;
}

export interface GoldenPacked extends Omit<GoldenTensor, 'path'> {
  readonly scheme: string;
  readonly parts: readonly string[];
}

export interface GoldenLayer {
  readonly name: string;
  readonly op: string;
  readonly weights: readonly string[];
  readonly outputAxis?: number | readonly number[];
  readonly inputShape?: readonly (number | null)[];
  readonly outputShape?: readonly (number | null)[];
  readonly macs?: number;
}

/** What the reference tools say about a fixture: `fixtures/golden/README.md`. */
export interface Golden {
  readonly goldenVersion: 1;
  readonly kind: 'checkpoint';
  readonly fixture: string;
  readonly format: string;
  readonly layout?: string;
  readonly tool: Readonly<Record<string, string>>;
  readonly script: string;
  readonly seed: number;
  readonly note?: string;
  readonly files?: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tensors: readonly GoldenTensor[];
  readonly packed?: readonly GoldenPacked[];
  /** Products of weights and their masks. */
  readonly effective?: readonly GoldenPacked[];
  readonly strings?: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly elements: number;
    readonly bytes?: number;
    readonly values?: readonly string[];
  }[];
  readonly foreignGlobals?: readonly string[];
  readonly totals?: { readonly tensors: number; readonly parameters: number; readonly zeros: number };
  readonly graph?: readonly GoldenLayer[];
}

export interface GoldenFault {
  readonly goldenVersion: 1;
  readonly kind: 'fault';
  readonly fixture: string;
  readonly note: string;
  readonly what: string;
  readonly offset?: number;
  readonly pointer?: { readonly oid?: string; readonly md5?: string; readonly size?: number; readonly path?: string };
  readonly missing?: readonly string[];
  readonly unexpected?: readonly string[];
  readonly readable?: boolean;
}

/** Golden values of a fixture (a file or a folder), named relative to `fixtures/checkpoints`: `goldenFor('npy/f32.npy')`. */
export function goldenFor(fixture: string): Golden {
  return read<Golden>(`${fixture}.json`);
}

/** All golden files of a kind, as `[path in fixtures/golden, content]`, from `golden/index.json`; `prefix` selects a folder: `pytorch/`. */
export function allGolden(prefix = ''): [string, Golden][] {
  return listed(prefix)
    .map((name): [string, Golden] => [name, read<Golden>(name)])
    .filter(([, golden]) => golden.kind === 'checkpoint');
}

/** What is expected of files that cannot be read, or only partly. */
export function allGoldenFaults(): [string, GoldenFault][] {
  return listed('faults/').map((name) => [name, read<GoldenFault>(name)]);
}

function listed(prefix: string): string[] {
  const index = read<{ golden: string[] }>('index.json');
  return index.golden.filter((name) => name.startsWith(prefix) && existsSync(join(fixturesFolder, 'golden', name)));
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(fixturesFolder, 'golden', name), 'utf8')) as T;

import { createRequire } from 'node:module';
import { freemem } from 'node:os';
import { type Fault, fail, ok, raise } from '@espalier/base';
import type { FedArray, FindRuntime, LoadedModel, ModelRuntime } from '@espalier/service';
import { toHalf } from '@espalier/tensor';
import { findTool, TOOLS } from './tools/tool.js';

const PACKAGE = 'onnxruntime-node';

/** The part of the package that is used. */
interface Package {
  readonly InferenceSession: {
    create(
      model: Uint8Array | string,
      options: { readonly intraOpNumThreads?: number; readonly interOpNumThreads?: number },
    ): Promise<{
      run(feeds: Record<string, unknown>): Promise<Record<string, { readonly type: string; readonly data: unknown }>>;
      release(): Promise<void>;
    }>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => unknown;
  readonly env: { readonly versions: { readonly common: string } };
}

/**
 * onnxruntime-node, as a person installed it beside the recipe, beside Espalier, or with `espalier doctor --install`: it is large and native, so it is not shipped. Code of a folder runs only where that is trusted.
 */
export const onnxRuntime: FindRuntime = async (folder) => {
  const tool = TOOLS.find(({ name }) => name === PACKAGE)!;
  const found = await findTool(tool, folder);
  if (found === null)
    return fail({
      code: 'runtime/missing',
      message: `${PACKAGE} is not installed; it runs models, to see the ranges of activations and to time them.`,
      hint: `Run espalier doctor --install ${PACKAGE}, or npm install ${PACKAGE} in the folder of the recipe.`,
    });
  try {
    return ok(runtimeOf(createRequire(import.meta.url)(found.entry) as Package));
  } catch (error) {
    return fail({ code: 'runtime/missing', message: `${PACKAGE} cannot be loaded: ${(error as Error).message}` });
  }
};

/** The version that `onnxRuntime` would run from a folder on, without running any of it; null without one. */
export async function onnxRuntimeVersion(folder: string): Promise<string | null> {
  const found = await findTool(TOOLS.find(({ name }) => name === PACKAGE)!, folder);
  return found?.version ?? null;
}

function runtimeOf({ InferenceSession, Tensor, env }: Package): ModelRuntime {
  const refusal = (error: unknown): Fault => ({
    code: 'runtime/refused',
    message: `onnxruntime does not run the model: ${(error as Error).message}`,
  });
  const fedTo = (feeds: ReadonlyMap<string, FedArray>): Record<string, unknown> =>
    Object.fromEntries([...feeds].map(([name, array]) => [name, tensorOf(Tensor, array)]));
  return {
    name: `onnxruntime ${env.versions.common}`,
    freeBytes: freemem,
    async load(model, threads) {
      try {
        const limits = threads === undefined ? {} : { intraOpNumThreads: threads, interOpNumThreads: threads };
        const session = await InferenceSession.create(model, limits);
        const loaded: LoadedModel = {
          async run(feeds) {
            try {
              const outputs = await session.run(fedTo(feeds));
              const numbers = Object.entries(outputs).flatMap(([name, { data }]) =>
                data instanceof Float32Array || data instanceof Float64Array ? [[name, data] as const] : [],
              );
              return ok(new Map<string, ArrayLike<number>>(numbers));
            } catch (error) {
              return fail(refusal(error));
            }
          },
          repeat(feeds) {
            try {
              const fed = fedTo(feeds);
              return async () => {
                await session.run(fed).catch((error: unknown) => raise(refusal(error)));
              };
            } catch (error) {
              return raise(refusal(error));
            }
          },
          release: () => session.release(),
        };
        return ok(loaded);
      } catch (error) {
        return fail(refusal(error));
      }
    },
  };
}

/** What onnxruntime calls a type, and how it takes its numbers. */
const TYPES: Readonly<Record<string, readonly [type: string, numbers: (values: ArrayLike<number>) => unknown]>> = {
  F32: ['float32', (values) => Float32Array.from(values)],
  F64: ['float64', (values) => Float64Array.from(values)],
  F16: ['float16', (values) => Uint16Array.from(values, toHalf)],
  I64: ['int64', (values) => BigInt64Array.from(Array.from(values, (value) => BigInt(Math.round(value))))],
  I32: ['int32', (values) => Int32Array.from(values)],
  I8: ['int8', (values) => Int8Array.from(values)],
  U8: ['uint8', (values) => Uint8Array.from(values)],
  BOOL: ['bool', (values) => Uint8Array.from(values, (value) => (value === 0 ? 0 : 1))],
};

function tensorOf(Tensor: Package['Tensor'], { dtype, shape, values }: FedArray): unknown {
  const known = TYPES[dtype];
  if (known === undefined) throw new Error(`an input is ${dtype}`);
  const [type, numbers] = known;
  return new Tensor(type, numbers(values), shape);
}

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Room {
  readonly folder: string;
  readonly why: string;
  /** Workspace packages it may import. */
  readonly may: readonly string[];
  /** Whether it may import `node:*`. */
  readonly node?: boolean;
  /** Whether it may import `vscode`. */
  readonly vscode?: boolean;
}

const GROUND = ['base', 'tensor'];
const BYTES = [...GROUND, 'kernels', 'checkpoint', 'model'];
const ENGINES = ['analysis', 'pruning', 'quantization'];
const PRODUCT = [...BYTES, ...ENGINES, 'references', 'recipe', 'jobs', 'service', 'protocol'];

/** Who may import whom. A new arrow starts as one changed line here. */
const ROOMS: Readonly<Record<string, Room>> = {
  base: { folder: 'packages/base', may: [], why: 'The ground imports nothing: no I/O, no clock, no Node, no DOM.' },
  tensor: { folder: 'packages/tensor', may: ['base'], why: 'The ground imports nothing but itself.' },
  kernels: { folder: 'packages/kernels', may: GROUND, why: 'Kernels know bytes and numbers, not files.' },
  checkpoint: { folder: 'packages/checkpoint', may: GROUND, why: 'Formats see a ByteSource, never a path.' },
  model: {
    folder: 'packages/model',
    may: [...GROUND, 'checkpoint'],
    why: 'Layers are recovered from names and graphs alone.',
  },
  analysis: { folder: 'packages/analysis', may: BYTES, why: 'Engines are pure: bytes and options in, plain data out.' },
  pruning: {
    folder: 'packages/pruning',
    may: [...BYTES, 'analysis'],
    why: 'Engines are pure: bytes and options in, plain data out.',
  },
  quantization: {
    folder: 'packages/quantization',
    may: BYTES,
    why: 'Engines are pure: bytes and options in, plain data out.',
  },
  recipe: {
    folder: 'packages/recipe',
    may: ['base', 'pruning', 'quantization'],
    why: 'A recipe is text and offsets; of the engines it reads the tables of methods alone.',
  },
  jobs: { folder: 'packages/jobs', may: ['base'], why: 'Jobs know order, progress and cancelling, not what runs.' },
  references: { folder: 'packages/references', may: ['base'], why: 'Grammars know text and offsets, no files.' },
  protocol: {
    folder: 'packages/protocol',
    may: ['base', 'analysis', 'checkpoint', 'jobs'],
    why: 'The wire has names and types of messages and no behaviour of any kind.',
  },
  service: {
    folder: 'packages/service',
    may: PRODUCT,
    why: 'The service answers every question and knows no LSP, no VS Code, no processes.',
  },
  host: {
    folder: 'packages/host',
    may: [...PRODUCT],
    node: true,
    why: 'The Node host knows files and threads, and no protocol of an editor.',
  },
  server: { folder: 'server', may: [...PRODUCT, 'host'], node: true, why: 'The server translates; VS Code is absent.' },
  cli: {
    folder: 'packages/cli',
    may: [...PRODUCT, 'host', 'server'],
    node: true,
    why: 'The command line prints what the service answers.',
  },
  extension: {
    folder: 'extension',
    may: ['protocol'],
    node: true,
    vscode: true,
    why: 'The extension holds commands, editors and panels: no engines, no parsing, no maths.',
  },
  webviews: {
    folder: 'webviews',
    may: ['protocol', 'base'],
    why: 'Pages know the DOM and the protocol: no files, no engines, no vscode.',
  },
};

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      if (name !== 'node_modules' && name !== 'dist' && name !== 'assembly') yield* sources(path);
    } else if (/\.tsx?$/.test(name) && !/\.(?:test|d)\.ts$/.test(name)) yield path;
  }
}

/** Module names of import and export lines, dynamic imports included. */
const importsOf = (source: string): string[] => {
  const text = source.replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, '');
  return [
    ...[...text.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm)].map((match) => match[1]!),
    ...[...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)].map((match) => match[1]!),
  ];
};

const isTypeOnly = (text: string, name: string): boolean =>
  [...text.matchAll(/^(import|export)\s+([^;]*?)\s+from\s+['"]([^'"]+)['"]/gms)]
    .filter((match) => match[3] === name)
    .every((match) => match[2]!.startsWith('type '));

for (const [name, room] of Object.entries(ROOMS)) {
  test(`${name}: ${room.why}`, () => {
    const wrong: string[] = [];
    for (const path of sources(join(root, room.folder, 'src'))) {
      const text = readFileSync(path, 'utf8');
      for (const imported of importsOf(text)) {
        const line = `${relative(root, path)} imports ${imported}`;
        const own = /^@espalier\/([\w-]+)/.exec(imported)?.[1];
        if (own !== undefined && own !== name && !room.may.includes(own)) wrong.push(line);
        if (imported.startsWith('node:') && !room.node) wrong.push(line);
        if (imported === 'vscode' && !room.vscode) wrong.push(line);
        if (name === 'protocol' && own !== undefined && !isTypeOnly(text, imported)) wrong.push(`${line} as a value`);
        if (/^\.\.\/.*\/src\//.test(imported) || own === 'testkit') wrong.push(line);
      }
    }
    expect(wrong, room.why).toEqual([]);
  });

  test(`${name} declares what it imports`, () => {
    const manifest = JSON.parse(readFileSync(join(root, room.folder, 'package.json'), 'utf8'));
    const declared = new Set(
      ['dependencies', 'devDependencies', 'peerDependencies'].flatMap((key) => Object.keys(manifest[key] ?? {})),
    );
    const missing = new Set<string>();
    for (const path of sources(join(root, room.folder, 'src'))) {
      for (const imported of importsOf(readFileSync(path, 'utf8'))) {
        if (/^(?:\.|node:)/.test(imported) || imported === 'vscode') continue;
        const packageName = imported.startsWith('@')
          ? imported.split('/').slice(0, 2).join('/')
          : imported.split('/')[0]!;
        if (!declared.has(packageName)) missing.add(packageName);
      }
    }
    expect([...missing]).toEqual([]);
  });
}

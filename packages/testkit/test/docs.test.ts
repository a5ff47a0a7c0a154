import { execFile } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as protocol from '@espalier/protocol';
import { schema } from '@espalier/recipe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anchorOfCode, codesInSources } from './docs/codes.js';
import { type Example, exampleOf, examplesFolder, writeExamples } from './docs/examples.js';
import { featureRows, problemsOf } from './docs/features.js';
import { anchorsOf, deadLinks } from './docs/links.js';
import { messageSections, messagesOf } from './docs/protocol.js';
import { filesBelow, packageFolders, readText, root, sections, withGenerated } from './docs/repository.js';
import { toolsTable } from './docs/tools.js';

const PARTS = ['Example', 'Files', 'Invariants', 'Sources and gaps'];

describe('READMEs of packages', () => {
  const examples = packageFolders.flatMap((folder): Example[] => {
    const path = `${folder}/README.md`;
    const example = existsSync(join(root, path)) ? exampleOf(folder, readText(path)) : null;
    return example === null ? [] : [example];
  });
  beforeAll(() => writeExamples(examples));
  afterAll(() => rmSync(examplesFolder, { recursive: true, force: true }));

  describe.each(packageFolders)('%s', (folder) => {
    test('has a sentence and four parts', () => {
      const text = readText(`${folder}/README.md`);
      expect([...sections(text).keys()]).toEqual(PARTS);
      const answer = text.split('\n').find((line) => line !== '' && !line.startsWith('#'));
      expect(answer, 'what it answers, in one sentence').toMatch(/^[A-Z].*\.$/);
    });

    test('its example gives the answers that it states', { timeout: 60_000 }, async () => {
      const example = examples.find((candidate) => candidate.folder === folder)!;
      expect(example?.answers, 'answers are written `expression; // → value`').toBeGreaterThan(0);
      const module = (await import(/* @vite-ignore */ example.path)) as { __answers: unknown[] };
      expect(module.__answers).toHaveLength(example.answers);
    });

    test('its map names every file and folder of src, and nothing else', () => {
      const map = sections(readText(`${folder}/README.md`)).get('Files')!;
      const rows = [...map.matchAll(/^\| (.+?) \|/gm)].map((match) => match[1]!);
      const named = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1]!.replace(/\/$/, '')));
      const entries = readdirSync(join(root, folder, 'src'), { withFileTypes: true })
        .map((entry) => entry.name)
        .filter((name) => !/\.test\.ts$/.test(name) && name !== 'index.ts');
      expect([...named].sort()).toEqual(entries.sort());
    });
  });

  test('their examples compile', { timeout: 120_000 }, async () => {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const run = promisify(execFile)(process.execPath, [compiler, '-p', examplesFolder, '--pretty', 'false']);
    const output = await run.then(
      () => '',
      (error: { stdout?: string; message: string }) => error.stdout || error.message,
    );
    // Mistakes elsewhere are the compiler's own business (`npm run check`).
    expect(output.split('\n').filter((line) => /^error|\.tmp\//.test(line))).toEqual([]);
  });
});

describe('docs/protocol.md', () => {
  const messages = messagesOf(protocol);

  test('says of every message what it is for', () =>
    expect(messages.filter(({ comment }) => comment === '').map(({ name }) => name)).toEqual([]));

  test('lists every message (vitest -u writes it)', () =>
    expectGenerated('docs/protocol.md', 'messages', messageSections(messages)));
});

describe('docs/findings.md', () => {
  const codes = codesInSources(new Set(messagesOf(protocol).map(({ method }) => method)));
  const text = readText('docs/findings.md');

  test('explains every code of the sources', () => {
    const anchors = anchorsOf(text);
    expect([...codes].filter(([code]) => !anchors.has(anchorOfCode(code)))).toEqual([]);
  });

  test('explains no code that is gone', () => {
    const explained = [...text.matchAll(/^### ([a-z]+\/[a-z0-9-]+)$/gm)].map((match) => match[1]!);
    expect(explained.filter((code) => !codes.has(code))).toEqual([]);
  });
});

describe('docs/features.md', () => {
  const text = readText('docs/features.md');

  test('has rows', () => expect(featureRows(text).length).toBeGreaterThan(100));

  test('names tests that exist for everything that works', () =>
    expect(featureRows(text).flatMap(problemsOf)).toEqual([]));
});

describe('guides', () => {
  const guides = filesBelow('docs/guide', (name) => name.endsWith('.md'))
    .map(readText)
    .join('\n');
  const manifest = JSON.parse(readText('extension/package.json')) as {
    contributes: {
      configuration: { properties: Record<string, unknown> };
      commands: { title: string }[];
    };
  };

  test('explain every setting', () => {
    const settings = Object.keys(manifest.contributes.configuration.properties);
    expect(settings.filter((setting) => !guides.includes(`\`${setting}\``))).toEqual([]);
    // The name of a budget's file begins like a setting.
    const named = new Set([...guides.matchAll(/`(espalier\.(?!budget\.yaml)[\w.]+)`/g)].map((match) => match[1]!));
    expect([...named].filter((name) => !settings.includes(name))).toEqual([]);
  });

  test('name every command', () => {
    const titles = manifest.contributes.commands.map(({ title }) => title);
    expect(titles.filter((title) => !guides.includes(title))).toEqual([]);
  });

  test('explain every option of the command line, and no other', () => {
    const sources = filesBelow('packages/cli/src', (name) => /(^|\/)(main|\w+Commands?)\.ts$/.test(name))
      .map(readText)
      .join('\n');
    const written = [...sources.matchAll(/'(?:-\w, )?(--[\w-]+)/g)].map((match) => match[1]!);
    // Options of methods are made from their tables.
    const made = schema.methods.flatMap(({ verb, parameters }) =>
      verb === 'prune'
        ? Object.keys(parameters).map(
            (name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
          )
        : [],
    );
    const options = [...written, ...made];
    const terminal = readText('docs/guide/terminal.md');
    expect(options.filter((option) => !terminal.includes(`\`${option}`) && option !== '--stdio')).toEqual([]);
    const named = [...terminal.matchAll(/`(--[\w-]+)/g)].map((match) => match[1]!);
    expect(named.filter((name) => !options.includes(name))).toEqual([]);
  });
});

describe('the listing of the extension', () => {
  const manifest = JSON.parse(readText('extension/package.json')) as Readonly<Record<string, unknown>> & {
    readonly icon: string;
    readonly capabilities: Readonly<Record<string, { readonly supported: unknown }>>;
    readonly contributes: {
      readonly walkthroughs: { readonly steps: { readonly media: { readonly markdown: string } }[] }[];
      readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
    };
  };
  const exists = (path: string): boolean => existsSync(join(root, 'extension', path));

  test('has what a marketplace asks for', () => {
    expect(manifest).toMatchObject({
      license: 'Apache-2.0',
      extensionKind: ['workspace'],
      publisher: expect.any(String),
    });
    expect(manifest['categories']).toContain('Machine Learning');
    expect(manifest['keywords']).toContain('safetensors');
    expect([manifest.icon, 'LICENSE', 'README.md', 'CHANGELOG.md'].filter((path) => !exists(path))).toEqual([]);
  });

  test('says what works without trust and without a disk', () => {
    expect(manifest.capabilities['untrustedWorkspaces']?.supported).toBe('limited');
    expect(manifest.capabilities['virtualWorkspaces']?.supported).toBe('limited');
  });

  test('has a walkthrough whose steps have texts', () => {
    const steps = manifest.contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
    expect(steps.length).toBeGreaterThan(2);
    expect(steps.filter(({ media }) => !exists(media.markdown))).toEqual([]);
  });

  test('lets a person trace the server', () =>
    expect(manifest.contributes.configuration.properties).toHaveProperty(['espalier.trace.server']));
});

test('docs/numerics.md names the tools of the golden files (vitest -u writes them)', () =>
  expectGenerated('docs/numerics.md', 'tools', toolsTable()));

test.each(['inspect', 'diff', 'device'] as const)(
  'docs/schema/%s.schema.json is what the code says (vitest -u writes it)',
  async (name) => {
    // Imported here, so that a package that does not compile fails this test and not all of them.
    const service = await import('@espalier/service');
    const schema = { inspect: service.inspectReport, diff: service.diffReport, device: service.deviceProfile }[name];
    const text = `${JSON.stringify(z.toJSONSchema(schema, { io: name === 'device' ? 'input' : 'output' }), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(root, `docs/schema/${name}.schema.json`));
  },
);

test.each(['recipe', 'budget'] as const)(
  'docs/schema/%s.schema.json is what the tables say (vitest -u writes it)',
  async (name) => {
    const recipe = await import('@espalier/recipe');
    const schema = { recipe: recipe.recipeJsonSchema, budget: recipe.budgetJsonSchema }[name]();
    const text = `${JSON.stringify(schema, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(root, `docs/schema/${name}.schema.json`));
  },
);

/** Samples are texts that tests look at; they need not make sense. */
const documents = filesBelow('.', (name) => name.endsWith('.md')).filter((path) => !path.includes('/samples/'));

test.each(documents)('links of %s lead somewhere', (path) => expect(deadLinks(path)).toEqual([]));

const expectGenerated = (path: string, name: string, generated: string): Promise<void> =>
  expect(withGenerated(path, name, generated)).toMatchFileSnapshot(join(root, path));

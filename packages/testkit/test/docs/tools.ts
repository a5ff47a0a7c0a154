import { readText } from './repository.js';

interface Made {
  readonly tool?: Readonly<Record<string, string>>;
  readonly models?: readonly unknown[];
}

/** Golden files that stand beside the folders. */
const SINGLE = ['npm-models.json', 'onnx-testdata.json'];

/** The tools that made or judged the fixtures, one row for each folder, as a Markdown table. */
export function toolsTable(): string {
  const { golden } = JSON.parse(readText('fixtures/golden/index.json')) as { golden: readonly string[] };
  const rows = new Map<string, { files: number; tools: Map<string, Set<string>> }>();
  const add = (group: string, files: number, { tool = {} }: Made): void => {
    const row = rows.get(group) ?? { files: 0, tools: new Map<string, Set<string>>() };
    row.files += files;
    for (const [name, version] of Object.entries(tool)) {
      if (name !== 'python') row.tools.set(name, (row.tools.get(name) ?? new Set()).add(version));
    }
    rows.set(group, row);
  };
  const read = (name: string): Made => JSON.parse(readText(`fixtures/golden/${name}`)) as Made;
  for (const name of golden) add(name.split('/')[0]!, 1, read(name));
  for (const name of SINGLE) {
    const made = read(name);
    add(name, made.models?.length ?? 0, made);
  }
  const lines = [...rows].map(([group, { files, tools }]) => {
    const names = [...tools].map(([name, versions]) => `${name} ${[...versions].sort().join(', ')}`);
    return `| \`${group}\` | ${files} | ${names.join(' · ')} |`;
  });
  return ['| Fixtures | Files | Tools |', '|---|---:|---|', ...lines].join('\n');
}

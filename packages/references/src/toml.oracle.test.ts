import fc from 'fast-check';
import { type AST, parseTOML } from 'toml-eslint-parser';
import { expect, test } from 'vitest';
import { walkToml } from './config/toml.js';

interface Found {
  readonly path: string;
  readonly text: string;
  readonly begin: number;
}

/** Every string value by the published parser, in text order. */
function byOracle(text: string): Found[] {
  const found: Found[] = [];
  const program = parseTOML(text);
  const keysOf = (key: AST.TOMLKey): string[] =>
    key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : String(part.value)));
  const visit = (node: AST.TOMLContentNode, path: readonly string[]): void => {
    if (node.type === 'TOMLValue' && node.kind === 'string') {
      found.push({ path: path.join('/'), text: node.value, begin: node.range[0] + (node.multiline ? 3 : 1) });
    } else if (node.type === 'TOMLArray') for (const element of node.elements) visit(element, path);
    else if (node.type === 'TOMLInlineTable')
      for (const pair of node.body) visit(pair.value, [...path, ...keysOf(pair.key)]);
  };
  for (const entry of program.body[0].body) {
    if (entry.type === 'TOMLKeyValue') visit(entry.value, keysOf(entry.key));
    else for (const pair of entry.body) visit(pair.value, [...keysOf(entry.key), ...keysOf(pair.key)]);
  }
  return found;
}

function byWalk(text: string): Found[] {
  const found: Found[] = [];
  walkToml(text, {
    text: (path, literal) => found.push({ path: path.join('/'), text: literal.text, begin: literal.begin }),
  });
  return found;
}

const name = fc.constantFrom('a', 'model', 'layer1', '"q r"', "'s.t'", '0', 'x-y');
const scalar = fc.oneof(
  fc.constantFrom('1', '-0.5', '1e3', 'true', '1979-05-27T07:32:00Z', 'inf', '0xff'),
  fc
    .string({
      unit: fc.constantFrom('a', '.', '/', '#', '=', '[', ']', ',', ' ', '\\\\', '\\"', '\\u0041', "'", 'é', '😀'),
    })
    .map((inner) => `"${inner}"`),
  fc.string({ unit: fc.constantFrom('a', '.', '\\', '"', '#', '{') }).map((inner) => `'${inner}'`),
  fc.constantFrom('"""\na "x" b"""', "'''c 'y' d'''", '"""e\\\n  f"""', '"""g""""'),
);
const value = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), fc.constantFrom(', ', ',\n  ', ' , # note "x"\n'))
      .map(([values, gap]) => `[ ${values.join(gap)} ]`),
    fc
      .uniqueArray(
        fc.tuple(
          name,
          scalar.filter((text) => !text.includes('\n')),
        ),
        { maxLength: 3, selector: ([key]) => key },
      )
      .map((pairs) => `{ ${pairs.map(([key, text]) => `${key} = ${text}`).join(', ')} }`),
  ),
})).value;
/** Numbered keys keep tables and values from defining each other twice. */
const document = fc
  .array(fc.tuple(fc.boolean(), name, value, fc.constantFrom('', ' # note', '  # "m.pt"')), { maxLength: 8 })
  .map((lines) =>
    lines
      .map(
        ([isTable, key, text, note], index) =>
          `${isTable ? `[t${index}.${key}]${note}\n` : ''}k${index}.${key} = ${text}${note}`,
      )
      .join('\n'),
  );

test('finished TOML reads as by toml-eslint-parser', () =>
  fc.assert(
    fc.property(document, (text) => {
      const expected = byOracle(text).map((found) => ({ ...found, text: normal(found.text) }));
      expect(byWalk(text).map((found) => ({ ...found, text: normal(found.text) }))).toEqual(expected);
    }),
    { seed: 7, numRuns: 400 },
  ));

/** Long strings trim their first line break and continued lines: no path has either. */
function normal(text: string): string {
  return text.includes('\n') || text.startsWith('a "') || text.startsWith('e') ? 'long' : text;
}

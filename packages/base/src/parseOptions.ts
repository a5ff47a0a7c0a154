import type { MethodDescription, OptionProblem, Options, Parameter } from './method.js';
import { nearest } from './nearest.js';

/**
 * Checks given options against a method's table and fills in the defaults. Total: whatever comes in, options and problems come out; the
 * options hold only what was valid.
 */
export function parseOptions(
  method: Pick<MethodDescription, 'parameters'>,
  given: unknown,
): { readonly options: Options; readonly problems: readonly OptionProblem[] } {
  const problems: OptionProblem[] = [];
  const options = parseObject(method.parameters, given ?? {}, [], problems) ?? {};
  return { options, problems };
}

type Path = readonly (string | number)[];

function parseObject(
  parameters: Readonly<Record<string, Parameter>>,
  given: unknown,
  path: Path,
  problems: OptionProblem[],
): Record<string, unknown> | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problems.push({ code: 'option/type', path, message: `Expected named options, found ${kindOf(given)}.` });
    return undefined;
  }
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (Object.hasOwn(parameters, name)) continue;
    const suggestion = nearest(name, Object.keys(parameters));
    problems.push({
      code: 'option/unknown',
      path: [...path, name],
      message: `There is no option ${name}.${suggestion === undefined ? ` Options are ${Object.keys(parameters).join(', ')}.` : ` Did you mean ${suggestion}?`}`,
      ...(suggestion === undefined || value === undefined ? {} : { suggestion }),
    });
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    const value = Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined;
    if (value === undefined || value === null) {
      const initial = 'default' in parameter ? parameter.default : undefined;
      if (initial !== undefined) options[name] = initial;
      else if (parameter.required) {
        problems.push({
          code: 'option/missing',
          path: [...path, name],
          message: `${name} is missing: ${parameter.doc}`,
        });
      }
      continue;
    }
    const parsed = parseValue(name, parameter, value, [...path, name], problems);
    if (parsed !== undefined) options[name] = parsed;
  }
  return options;
}

function parseValue(
  name: string,
  parameter: Parameter,
  value: unknown,
  path: Path,
  problems: OptionProblem[],
): unknown {
  const wrong = (code: OptionProblem['code'], message: string, suggestion?: unknown): undefined => {
    problems.push({ code, path, message, ...(suggestion === undefined ? {} : { suggestion }) });
    return undefined;
  };
  const wrongType = (expected: string): undefined =>
    wrong('option/type', `${name} takes ${expected}, found ${kindOf(value)}.`);
  switch (parameter.kind) {
    case 'ratio': {
      if (typeof value !== 'number' || Number.isNaN(value)) return wrongType('a number from 0 to 1');
      const { open } = parameter;
      const low = open === 'low' || open === 'both' ? value > 0 : value >= 0;
      const high = open === 'high' || open === 'both' ? value < 1 : value <= 1;
      if (low && high) return value;
      const percent = value > 1 && value <= 100 ? value / 100 : undefined;
      const range = `${open === 'low' || open === 'both' ? 'more than 0' : '0'} to ${open === 'high' || open === 'both' ? 'less than 1' : '1'}`;
      return wrong(
        'option/range',
        `${name} is ${range}; ${percent === undefined ? `found ${value}.` : `${value} looks like a percentage, ${percent}?`}`,
        percent,
      );
    }
    case 'number':
    case 'integer': {
      if (typeof value !== 'number' || Number.isNaN(value)) return wrongType('a number');
      if (parameter.kind === 'integer' && !Number.isInteger(value)) return wrongType('a whole number');
      const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, unit } = parameter;
      if (value >= minimum && value <= maximum) return value;
      const limits =
        parameter.maximum === undefined
          ? `at least ${minimum}`
          : parameter.minimum === undefined
            ? `at most ${maximum}`
            : `${minimum} to ${maximum}`;
      return wrong('option/range', `${name} is ${limits}${unit === undefined ? '' : ` ${unit}`}; found ${value}.`);
    }
    case 'oneOf': {
      const values = parameter.values.map((choice) => choice.value);
      if (typeof value === 'string' && values.includes(value)) return value;
      return wrong(
        'option/choice',
        `${name} is one of ${values.join(', ')}; found ${typeof value === 'string' ? value : kindOf(value)}.`,
        typeof value === 'string' ? nearest(value, values) : undefined,
      );
    }
    case 'flag':
      return typeof value === 'boolean' ? value : wrongType('true or false');
    case 'text':
    case 'path': {
      if (typeof value !== 'string') return wrongType(parameter.kind === 'path' ? 'a path' : 'a text');
      if (
        parameter.kind === 'text' &&
        parameter.pattern !== undefined &&
        !new RegExp(`^(?:${parameter.pattern})$`).test(value)
      ) {
        return wrong('option/choice', `${name} does not read like ${parameter.pattern}; found ${value}.`);
      }
      return value;
    }
    case 'globs': {
      const list = typeof value === 'string' ? [value] : value;
      if (!Array.isArray(list) || list.some((glob) => typeof glob !== 'string')) return wrongType('a list of globs');
      return list;
    }
    case 'list': {
      if (!Array.isArray(value)) return wrongType('a list');
      return value.map((item, i) => parseObject(parameter.item, item, [...path, i], problems) ?? {});
    }
    case 'group':
      return parseObject(parameter.item, value, path, problems);
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return Number.isNaN(value) ? 'not a number' : String(value);
    case 'boolean':
      return String(value);
    default:
      return 'named options';
  }
}

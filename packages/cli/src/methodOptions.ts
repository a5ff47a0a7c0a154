import type { MethodDescription, Parameter } from '@espalier/base';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** `classifierDensity` as `--classifier-density`. */
const flagOf = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Adds an option for every parameter of some methods; one that several share is added once, and names them. */
export function addMethodOptions(command: Command, methods: readonly MethodDescription[]): void {
  const owners = new Map<string, MethodDescription[]>();
  for (const method of methods) {
    for (const name of Object.keys(method.parameters)) owners.set(name, [...(owners.get(name) ?? []), method]);
  }
  for (const [name, all] of owners) {
    const parameter = all[0]!.parameters[name]!;
    const whose = all.length === methods.length ? '' : ` (${all.map((method) => method.name).join(', ')})`;
    const flag = parameter.kind === 'flag' ? flagOf(name) : `${flagOf(name)} <${wordFor(parameter)}>`;
    const option = new Option(flag, `${parameter.doc}${choicesOf(parameter)}${defaultOf(parameter)}${whose}`);
    command.addOption(parameter.kind === 'flag' ? option : option.argParser((text) => parsed(parameter, text)));
  }
}

/** What was given for the parameters of one method, as `parseOptions` takes it. */
export function givenOptions(
  method: MethodDescription,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(method.parameters).flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  );
}

function wordFor(parameter: Parameter): string {
  switch (parameter.kind) {
    case 'ratio':
      return 'ratio';
    case 'number':
    case 'integer':
      return 'number';
    case 'path':
      return 'file';
    default:
      return 'name';
  }
}

const choicesOf = (parameter: Parameter): string =>
  parameter.kind === 'oneOf' ? ` One of ${parameter.values.map(({ value }) => value).join(', ')}.` : '';

const defaultOf = (parameter: Parameter): string =>
  'default' in parameter && parameter.default !== undefined && parameter.kind !== 'flag'
    ? ` Default ${parameter.default}.`
    : '';

/** Numbers must be numbers here; whether they are in range says the method's own table. */
function parsed(parameter: Parameter, text: string): unknown {
  if (parameter.kind !== 'ratio' && parameter.kind !== 'number' && parameter.kind !== 'integer') return text;
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It is a number.');
  return value;
}

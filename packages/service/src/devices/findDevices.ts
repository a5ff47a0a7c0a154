import { DEVICES, type DeviceProfile, deviceNamed } from '@espalier/analysis';
import { type Fault, fail, nearest, ok, type Result } from '@espalier/base';
import { readYaml } from '@espalier/recipe';
import type { Files } from '../ports.js';
import { readText } from '../readText.js';
import { joinPath } from '../resolve/paths.js';
import { deviceProfile, toProfile } from './profileSchema.js';

/** Profiles that come with Espalier, by name, and those of files: a name that ends in `.yaml` or `.yml` is a path from the folder on. Faults: `device/unknown`, `device/unreadable`, those of files. */
export async function findDevices(
  names: readonly string[],
  folder: string,
  files: Files,
  signal?: AbortSignal,
): Promise<Result<readonly DeviceProfile[], Fault>> {
  const found: DeviceProfile[] = [];
  for (const name of names) {
    const device = /\.ya?ml$/i.test(name) ? await readProfile(name, folder, files, signal) : ourDevice(name);
    if (!device.ok) return device;
    found.push(device.value);
  }
  return ok(found);
}

function ourDevice(name: string): Result<DeviceProfile, Fault> {
  const device = deviceNamed(name);
  if (device !== undefined) return ok(device);
  const all = DEVICES.map((each) => each.name);
  const meant = nearest(name, all);
  return fail({
    code: 'device/unknown',
    message: `There is no profile of a device ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    expected: `${all.join(', ')}, or a file that ends in .yaml`,
    found: name,
  });
}

async function readProfile(
  name: string,
  folder: string,
  files: Files,
  signal: AbortSignal | undefined,
): Promise<Result<DeviceProfile, Fault>> {
  const text = await readText(files, joinPath(folder, name), signal);
  if (!text.ok) return text;
  const { value, problems, placeOf } = readYaml(text.value, 'device/unreadable');
  const at = (from: number): string => {
    const before = text.value.slice(0, from).split('\n');
    return `${before.length}:${before.at(-1)!.length + 1}`;
  };
  const wrong = (from: number, message: string): Result<never, Fault> =>
    fail({ code: 'device/unreadable', message: `${name}:${at(from)}: ${message}`, file: name, offset: from });
  const [problem] = problems;
  if (problem !== undefined) return wrong(problem.from, problem.message);
  const parsed = deviceProfile.safeParse(value);
  if (parsed.success) return ok(toProfile(parsed.data));
  const [issue] = parsed.error.issues;
  const path = issue!.path.filter((part) => typeof part !== 'symbol');
  const where = path.length === 0 ? '' : `${path.join('.')}: `;
  const place = issue!.code === 'unrecognized_keys' ? placeOf([...path, issue!.keys[0]!], 'key') : placeOf(path);
  return wrong(place.from, `${where}${issue!.message}.`);
}

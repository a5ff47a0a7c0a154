import type { DeviceProfile } from '@espalier/analysis';
import type { Fault, Result } from '@espalier/base';
import type { Budget } from '@espalier/recipe';
import { findDevices } from '../devices/findDevices.js';
import type { Files } from '../ports.js';

/** The profiles that a budget names, from files beside the recipe or those that come along. */
export async function devicesOf(
  budget: Budget,
  folder: string,
  files: Files,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Result<DeviceProfile, Fault>>> {
  const devices = new Map<string, Result<DeviceProfile, Fault>>();
  for (const { device } of budget.latency) {
    const profiles = await findDevices([device], folder, files, signal);
    devices.set(device, profiles.ok ? { ok: true, value: profiles.value[0]! } : profiles);
  }
  return devices;
}

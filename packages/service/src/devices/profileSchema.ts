import type { DeviceProfile } from '@espalier/analysis';
import { z } from 'zod';

const TYPES = ['f32', 'f16', 'int8'] as const;
const rate = z.number().positive();

/** The profile of a device as a person writes it in YAML; `espalier devices NAME --format json` prints the same. */
export const deviceProfile = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
      .describe('How tables name it.'),
    label: z.string().min(1).optional().describe('For people; the name where it is not given.'),
    peak: z
      .strictObject({ f32: rate.optional(), f16: rate.optional(), int8: rate.optional() })
      .refine(({ f32, f16 }) => f32 !== undefined || f16 !== undefined, 'needs a rate for f32 or f16')
      .describe('Operations a second by type, two for each multiply-add.'),
    runs: z.enum(['f32', 'f16']).default('f32').describe('In what models run there that are stored as floats.'),
    memoryBytesPerSecond: rate.describe('How fast weights, inputs and outputs move.'),
    overheadSeconds: z.number().min(0).default(0).describe('From one operator to the next.'),
    channelMultiple: z
      .int()
      .min(1)
      .max(1024)
      .default(1)
      .describe('Rows and inner size are rounded up to it: fewer channels take as long.'),
    sparse: z
      .array(
        z.strictObject({
          pattern: z.literal('2:4'),
          types: z.array(z.enum(TYPES)).min(1),
          gain: z.number().min(1).describe('How many times faster it computes.'),
          minimumRows: z.int().min(1).default(1),
          minimumInner: z.int().min(1).default(1),
        }),
      )
      .default([])
      .describe('Zeros that it skips.'),
    sources: z.array(z.string()).default([]).describe('Where the figures are from.'),
  })
  .describe('Profile of a device, for estimates of time.');

export const toProfile = ({ label, ...given }: z.infer<typeof deviceProfile>): DeviceProfile => ({
  ...given,
  label: label ?? given.name,
  peak: Object.fromEntries(Object.entries(given.peak).filter(([, value]) => value !== undefined)),
});

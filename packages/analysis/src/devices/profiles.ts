import type { DeviceProfile } from './profile.js';

const TERA = 1e12;
const GIGA = 1e9;

/** Sparse tensor cores; sizes as PyTorch's semi-structured tensors need them. */
const TENSOR_CORES = [
  { pattern: '2:4', types: ['f16', 'int8'], gain: 2, minimumRows: 32, minimumInner: 64 },
] as const satisfies DeviceProfile['sparse'];

const gpu = { runs: 'f16', overheadSeconds: 5e-6, channelMultiple: 8 } as const;
const cpu = { runs: 'f32', overheadSeconds: 1e-6, channelMultiple: 4, sparse: [] } as const;

/** Devices by data sheet. Tensor core rates are the dense ones. */
export const DEVICES: readonly DeviceProfile[] = [
  {
    ...gpu,
    name: 'a100',
    label: 'NVIDIA A100 40 GB SXM',
    peak: { f32: 19.5 * TERA, f16: 312 * TERA, int8: 624 * TERA },
    memoryBytesPerSecond: 1555 * GIGA,
    sparse: TENSOR_CORES,
    sources: ['NVIDIA A100 Tensor Core GPU data sheet, 2021'],
  },
  {
    ...gpu,
    name: 'h100',
    label: 'NVIDIA H100 SXM',
    peak: { f32: 67 * TERA, f16: 989 * TERA, int8: 1979 * TERA },
    memoryBytesPerSecond: 3350 * GIGA,
    sparse: TENSOR_CORES,
    sources: ['NVIDIA H100 Tensor Core GPU data sheet; half of the rates with sparsity'],
  },
  {
    ...gpu,
    name: 'v100',
    label: 'NVIDIA V100 SXM2',
    peak: { f32: 15.7 * TERA, f16: 125 * TERA },
    memoryBytesPerSecond: 900 * GIGA,
    sparse: [],
    sources: ['NVIDIA V100 Tensor Core GPU data sheet, 2020'],
  },
  {
    ...gpu,
    name: 't4',
    label: 'NVIDIA T4',
    peak: { f32: 8.1 * TERA, f16: 65 * TERA, int8: 130 * TERA },
    memoryBytesPerSecond: 300 * GIGA,
    sparse: [],
    sources: ['NVIDIA T4 Tensor Core GPU data sheet'],
  },
  {
    ...gpu,
    name: 'l4',
    label: 'NVIDIA L4',
    peak: { f32: 30.3 * TERA, f16: 121 * TERA, int8: 242.5 * TERA },
    memoryBytesPerSecond: 300 * GIGA,
    sparse: TENSOR_CORES,
    sources: ['NVIDIA L4 Tensor Core GPU data sheet; half of the rates with sparsity'],
  },
  {
    ...gpu,
    name: 'rtx-4090',
    label: 'NVIDIA GeForce RTX 4090',
    peak: { f32: 82.6 * TERA, f16: 165.2 * TERA, int8: 660.6 * TERA },
    memoryBytesPerSecond: 1008 * GIGA,
    sparse: TENSOR_CORES,
    sources: ['NVIDIA Ada GPU Architecture, white paper, appendix A; half precision with sums in f32'],
  },
  {
    ...gpu,
    name: 'jetson-agx-orin',
    label: 'NVIDIA Jetson AGX Orin 64 GB, GPU',
    peak: { f32: 5.3 * TERA, int8: 85 * TERA },
    runs: 'f32',
    memoryBytesPerSecond: 204.8 * GIGA,
    sparse: [{ ...TENSOR_CORES[0], types: ['int8'] }],
    sources: ['NVIDIA Jetson AGX Orin Series, technical brief v1.2; half of the rate with sparsity'],
  },
  {
    ...gpu,
    name: 'jetson-orin-nano',
    label: 'NVIDIA Jetson Orin Nano 8 GB',
    peak: { f32: 1.28 * TERA, int8: 20 * TERA },
    runs: 'f32',
    memoryBytesPerSecond: 68 * GIGA,
    sparse: [{ ...TENSOR_CORES[0], types: ['int8'] }],
    sources: ['NVIDIA Jetson Orin Nano Series data sheet; half of the rate with sparsity'],
  },
  {
    ...cpu,
    name: 'epyc-9654',
    label: 'AMD EPYC 9654, 96 cores',
    peak: { f32: 96 * 2.4 * GIGA * 32 },
    memoryBytesPerSecond: 460.8 * GIGA,
    channelMultiple: 8,
    sources: [
      'AMD EPYC 9004 Series data sheet: 96 cores at 2.4 GHz, 12 channels of DDR5-4800',
      'AMD, Software Optimization Guide for Zen 4: two fused multiply-adds of 256 bits a cycle',
    ],
  },
  {
    ...cpu,
    name: 'xeon-8480',
    label: 'Intel Xeon Platinum 8480+, 56 cores',
    peak: { f32: 56 * 2 * GIGA * 64, int8: 56 * 2 * GIGA * 4096 },
    memoryBytesPerSecond: 307.2 * GIGA,
    channelMultiple: 16,
    sources: [
      'Intel ARK, Xeon Platinum 8480+: 56 cores at 2.0 GHz, 8 channels of DDR5-4800',
      'Intel 64 and IA-32 Architectures Optimization Reference Manual: two AVX-512 units; AMX, 2048 int8 multiply-adds a cycle',
    ],
  },
  {
    ...cpu,
    name: 'raspberry-pi-5',
    label: 'Raspberry Pi 5, 4 cores',
    peak: { f32: 4 * 2.4 * GIGA * 16, int8: 4 * 2.4 * GIGA * 64 },
    memoryBytesPerSecond: 17.07 * GIGA,
    sources: [
      'Raspberry Pi 5 product brief: Cortex-A76 at 2.4 GHz, LPDDR4X-4267 of 32 bits',
      'Arm Cortex-A76 Software Optimization Guide: two units of 128 bits; dot products of bytes',
    ],
  },
  {
    ...cpu,
    name: 'raspberry-pi-4',
    label: 'Raspberry Pi 4, 4 cores',
    peak: { f32: 4 * 1.5 * GIGA * 8 },
    memoryBytesPerSecond: 12.8 * GIGA,
    sources: [
      'Raspberry Pi 4 Model B data sheet: Cortex-A72 at 1.5 GHz, LPDDR4-3200 of 32 bits',
      'Arm Cortex-A72 Software Optimization Guide: 8 operations in f32 a cycle',
    ],
  },
  {
    ...cpu,
    name: 'laptop',
    label: 'Laptop, 4 cores with AVX2',
    peak: { f32: 4 * 3 * GIGA * 32 },
    memoryBytesPerSecond: 51.2 * GIGA,
    channelMultiple: 8,
    sources: [
      'No product: 4 cores at 3 GHz with two fused multiply-adds of 256 bits a cycle, two channels of DDR4-3200',
    ],
  },
];

export const deviceNamed = (name: string): DeviceProfile | undefined => DEVICES.find((device) => device.name === name);

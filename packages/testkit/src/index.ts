export {
  type Bench,
  type BenchRow,
  type BenchTable,
  type Contender,
  faster,
  type Lap,
  race,
  rateRow,
  timeRow,
} from './bench.js';
export { fileSource, type ReadLog } from './fileSource.js';
export {
  type FlatField,
  type FlatNode,
  flatBytes,
  flatFloats,
  flatInts,
  flatLongs,
  flatNumber,
  flatTable,
  flatTables,
  flatText,
  writeFlatbuffer,
} from './flatbuffer.js';
export { type GgufFile, type GgufValue, writeGguf } from './gguf.js';
export {
  allGolden,
  allGoldenFaults,
  fixturePath,
  fixturesFolder,
  type Golden,
  type GoldenFault,
  type GoldenLayer,
  type GoldenNumber,
  type GoldenPacked,
  type GoldenStructure,
  type GoldenTensor,
  goldenFor,
} from './golden.js';
export { type Hdf5Version, type Hdf5Writer, hdf5Bytes } from './hdf5Bytes.js';
export { fixtureFolder, type Outcomes, survive, surviveCopies } from './hostile.js';
export { jsonMutations, type Mutation, mutations } from './mutations.js';
export { type Picklable, pickleBytes } from './pickleBytes.js';
export { type ProtoValue, protoMessage } from './protobuf.js';
export { type Comparable, comparable, digestOf, expected, readAll, sha256 } from './readAll.js';
export { safetensorsBytes } from './safetensorsBytes.js';
export { tableBytes } from './tableBytes.js';
export { f32Bytes, type StorageBytes, storageRef, tensorRef, torchLegacy, torchZip } from './torchBytes.js';
export { join, u16, u32, u64, type ZipMember, type ZipOptions, zipBytes } from './zipBytes.js';

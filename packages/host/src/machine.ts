import { availableParallelism, cpus } from 'node:os';

/** Processor, threads and engine, as one line: what measurements depend on. */
export const describeMachine = (): string =>
  `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} threads, Node ${process.versions.node}`;

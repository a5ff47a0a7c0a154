import type { Kernels } from '@espalier/kernels';

type Operand = Float32Array | Int32Array | Int8Array;

/** Operands in the memory of the kernels, so that a call copies nothing. */
export class KernelMemory {
  private readonly regions: { release(): void }[] = [];

  constructor(private readonly kernels: Kernels) {}

  place<View extends Operand>(view: View): View {
    const region = this.kernels.take(view.byteLength);
    this.regions.push(region);
    const Type = view.constructor as new (buffer: ArrayBufferLike, at: number, length: number) => View;
    const copy = new Type(region.buffer, region.byteOffset, view.length);
    copy.set(view);
    return copy;
  }

  placeAll<Views extends { readonly [Name in keyof Views]: Operand }>(views: Views): Views {
    const placed = Object.entries(views).map(([name, view]) => [name, this.place(view as Operand)]);
    return Object.fromEntries(placed) as Views;
  }

  release(): void {
    for (const region of this.regions) region.release();
  }
}

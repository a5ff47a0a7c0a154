import { crc32, deflateRawSync } from 'node:zlib';

/** One file of an archive to be made. */
export interface ZipMember {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: 'stored' | 'deflated';
  /** Sizes and offset in a zip64 field, as writers of large archives do. */
  readonly zip64?: boolean;
  /** Sizes behind the data instead of in the local header, as streaming writers do. */
  readonly streamed?: boolean;
  /** Bytes of padding in the local header's extra field, as PyTorch aligns storages. */
  readonly padding?: number;
}

export interface ZipOptions {
  readonly comment?: string;
  /** Bytes before the archive. Offsets do not count them. */
  readonly prefix?: Uint8Array;
  /** End record in zip64 form. */
  readonly zip64?: boolean;
}

/** A zip archive by the book (APPNOTE 6.3.10), compressed by zlib: what the reader is tested against. */
export function zipBytes(members: readonly ZipMember[], options: ZipOptions = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  // Members that share their bytes are compressed once.
  const done = new Map<Uint8Array, { packed: Uint8Array; crc: number }>();
  const work = ({ bytes, method }: ZipMember): { packed: Uint8Array; crc: number } => {
    const known = done.get(bytes);
    if (known !== undefined && (method !== 'deflated' || known.packed.length > 0)) return known;
    const made = {
      packed: method === 'deflated' ? new Uint8Array(deflateRawSync(bytes)) : new Uint8Array(0),
      crc: crc32(bytes),
    };
    done.set(bytes, made);
    return made;
  };
  let at = 0;
  const write = (bytes: Uint8Array): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const member of members) {
    const name = new TextEncoder().encode(member.name);
    const deflated = member.method === 'deflated';
    const { packed, crc } = work(member);
    const stored = deflated ? packed : member.bytes;
    const flags = 0x800 | (member.streamed ? 8 : 0);
    const [small, size] = member.zip64 ? [0xffffffff, 0xffffffff] : [stored.length, member.bytes.length];
    const offset = at;
    const known = member.streamed ? [u32(0), u32(0), u32(0)] : [u32(crc), u32(small), u32(size)];
    const wide = member.zip64 && !member.streamed ? extra(1, [u64(member.bytes.length), u64(stored.length)]) : [];
    const padding = member.padding ? extra(0x4246, [new Uint8Array(member.padding)]) : [];
    const localExtra = join([...wide, ...padding]);
    write(
      join([
        u32(0x04034b50),
        u16(45),
        u16(flags),
        u16(deflated ? 8 : 0),
        u32(0x21),
        ...known,
        u16(name.length),
        u16(localExtra.length),
        name,
        localExtra,
      ]),
    );
    write(stored);
    if (member.streamed) {
      const wideSize = member.zip64 ? u64 : u32;
      write(join([u32(0x08074b50), u32(crc), wideSize(stored.length), wideSize(member.bytes.length)]));
    }
    const centralExtra = member.zip64
      ? join(extra(1, [u64(member.bytes.length), u64(stored.length), u64(offset)]))
      : new Uint8Array(0);
    central.push(
      join([
        u32(0x02014b50),
        u16(45),
        u16(45),
        u16(flags),
        u16(deflated ? 8 : 0),
        u32(0x21),
        u32(crc),
        u32(small),
        u32(size),
        u16(name.length),
        u16(centralExtra.length),
        u16(0),
        u16(0),
        u16(0),
        u32(0),
        u32(member.zip64 ? 0xffffffff : offset),
        name,
        centralExtra,
      ]),
    );
  }
  const directory = join(central);
  const begin = at;
  write(directory);
  if (options.zip64) {
    const end = at;
    const count = u64(members.length);
    write(
      join([
        u32(0x06064b50),
        u64(44),
        u16(45),
        u16(45),
        u32(0),
        u32(0),
        count,
        count,
        u64(directory.length),
        u64(begin),
      ]),
    );
    write(join([u32(0x07064b50), u32(0), u64(end), u32(1)]));
  }
  const comment = new TextEncoder().encode(options.comment ?? '');
  const [count, bytes, offset] = options.zip64
    ? [0xffff, 0xffffffff, 0xffffffff]
    : [members.length, directory.length, begin];
  write(
    join([
      u32(0x06054b50),
      u16(0),
      u16(0),
      u16(count),
      u16(count),
      u32(bytes),
      u32(offset),
      u16(comment.length),
      comment,
    ]),
  );
  return join([options.prefix ?? new Uint8Array(0), ...parts]);
}

const extra = (id: number, content: readonly Uint8Array[]): Uint8Array[] => {
  const body = join(content);
  return [u16(id), u16(body.length), body];
};

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const u16 = (value: number): Uint8Array => Uint8Array.of(value & 255, (value >> 8) & 255);
export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
export const u64 = (value: number | bigint): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);

import type { Reading } from './constants.js';

/** Places along an axis of a tensor that a run of channels takes: `width` of them from `offset` on, as many for each channel. */
export interface Member {
  readonly tensor: string;
  readonly axis: number;
  readonly offset: number;
  readonly width: number;
  /** What the channel does there: its own weights, what is added or multiplied, or a weight that reads it. */
  readonly part: 'producer' | 'follower' | 'bias' | 'gamma' | 'beta' | 'mean' | 'consumer';
  /** Of a consumer: what it reads of a channel without weights. */
  readonly reading?: Reading;
}

/** Channels that can only go together: of values that are added, and of everything that reads them. */
export interface ChannelGroup {
  readonly space: number;
  readonly channels: number;
  readonly members: readonly Member[];
}

/** A run of places of a value that belongs to the channels of one space. */
export interface Segment {
  readonly space: number;
  readonly width: number;
}

interface Space {
  parent: number;
  channels: number;
  members: Member[];
  /** Where it was cut, after `first` of `of` channels: two spaces that stand for it, one after the other. */
  halves: { readonly spaces: readonly [number, number]; readonly first: number; readonly of: number } | null;
  /** Why nothing may be taken out; null where it may. */
  pinned: string | null;
}

/** Channel axes of values, joined where an operator needs them to stay aligned, cut where it takes them apart. */
export class Spaces {
  private readonly all: Space[] = [];

  make(channels: number, pinned: string | null = null): number {
    this.all.push({ parent: this.all.length, channels, members: [], halves: null, pinned });
    return this.all.length - 1;
  }

  /** The runs as they are now, each of a space that was not cut. */
  resolve(segments: readonly Segment[]): Segment[] {
    return segments.flatMap(({ space, width }) => {
      const id = this.rootOf(space);
      const { halves } = this.all[id]!;
      if (halves === null) return [{ space: id, width }];
      const { spaces, first, of } = halves;
      const own = (width * first) / of;
      return this.resolve([
        { space: spaces[0], width: own },
        { space: spaces[1], width: width - own },
      ]);
    });
  }

  /** Notes what the channels of runs do along an axis of a tensor, from its beginning on; each place of the runs is `places` there. */
  add(segments: readonly Segment[], member: Omit<Member, 'offset' | 'width'>, places = 1): void {
    let offset = 0;
    for (const { space, width } of this.resolve(segments)) {
      this.all[space]!.members.push({ ...member, offset, width: width * places });
      offset += width * places;
    }
  }

  pin(segments: readonly Segment[], why: string): void {
    for (const { space } of this.resolve(segments)) this.all[space]!.pinned ??= why;
  }

  /** Makes the channels of two runs of the same width one and the same, place by place; false, and both pinned, where they do not fit. */
  join(a: readonly Segment[], b: readonly Segment[], why: string): boolean {
    let [left, right] = [this.resolve(a), this.resolve(b)];
    while (left.length > 0 && right.length > 0) {
      const width = Math.min(left[0]!.width, right[0]!.width);
      if (!this.cutBefore(left[0]!, width) || !this.cutBefore(right[0]!, width)) return this.pinBoth(a, b, why);
      // A cut or a join may have changed what follows.
      [left, right] = [this.resolve(left), this.resolve(right)];
      if (!this.unite(left.shift()!.space, right.shift()!.space)) return this.pinBoth(a, b, why);
      [left, right] = [this.resolve(left), this.resolve(right)];
    }
    return left.length === right.length || this.pinBoth(a, b, why);
  }

  /** Makes `places` neighbouring places one channel: they go together or not at all. False where the runs cannot be divided so. */
  coarsen(segments: readonly Segment[], places: number): boolean {
    return this.resolve(segments).every(
      ({ space, width }) => width % places === 0 && this.divide(space, width / places),
    );
  }

  /** The places from `begin` to `end` of runs; null where a channel would be cut through. */
  take(segments: readonly Segment[], begin: number, end: number): Segment[] | null {
    for (const border of [begin, end]) {
      let at = 0;
      for (const segment of this.resolve(segments)) {
        if (border > at && border < at + segment.width && !this.cutAt(segment, border - at)) return null;
        at += segment.width;
      }
    }
    let at = 0;
    return this.resolve(segments).filter(({ width }) => {
      at += width;
      return at - width >= begin && at <= end;
    });
  }

  /** Groups with weights of their own, and the weights of those in which nothing may be taken out, with the reason. */
  result(): { groups: ChannelGroup[]; leftAlone: Map<string, string> } {
    const groups: ChannelGroup[] = [];
    const leftAlone = new Map<string, string>();
    for (const [id, { parent, halves, channels, members, pinned }] of this.all.entries()) {
      if (parent !== id || halves !== null) continue;
      const producers = members.filter(({ part }) => part === 'producer');
      if (producers.length === 0) continue;
      if (pinned === null) groups.push({ space: id, channels, members });
      else for (const { tensor } of producers) leftAlone.set(tensor, pinned);
    }
    return { groups, leftAlone };
  }

  private pinBoth(a: readonly Segment[], b: readonly Segment[], why: string): false {
    this.pin(a, why);
    this.pin(b, why);
    return false;
  }

  private cutBefore(segment: Segment, width: number): boolean {
    return segment.width === width || this.cutAt(segment, width);
  }

  /** Cuts a space in two where `width` places of a run end; false within a channel. */
  private cutAt({ space, width: whole }: Segment, width: number): boolean {
    const cut = this.all[this.rootOf(space)]!;
    const first = (width * cut.channels) / whole;
    if (cut.halves !== null || !Number.isInteger(first)) return false;
    const halves = [this.make(first, cut.pinned), this.make(cut.channels - first, cut.pinned)] as const;
    for (const member of cut.members) {
      const own = (member.width * first) / cut.channels;
      this.all[halves[0]]!.members.push({ ...member, width: own });
      this.all[halves[1]]!.members.push({ ...member, offset: member.offset + own, width: member.width - own });
    }
    cut.members = [];
    cut.halves = { spaces: halves, first, of: cut.channels };
    return true;
  }

  private divide(space: number, channels: number): boolean {
    const divided = this.all[this.rootOf(space)]!;
    if (divided.channels % channels !== 0 && channels % divided.channels !== 0) return false;
    divided.channels = Math.min(divided.channels, channels);
    return true;
  }

  private unite(a: number, b: number): boolean {
    const [first, second] = [this.rootOf(a), this.rootOf(b)];
    if (first === second) return true;
    const [into, from] = [this.all[first]!, this.all[second]!];
    if (into.channels !== from.channels) {
      const fewer = Math.min(into.channels, from.channels);
      if (into.channels % fewer !== 0 || from.channels % fewer !== 0) return false;
      into.channels = fewer;
    }
    into.members.push(...from.members);
    into.pinned ??= from.pinned;
    from.members = [];
    from.parent = first;
    return true;
  }

  private rootOf(id: number): number {
    let at = id;
    while (this.all[at]!.parent !== at) at = this.all[at]!.parent;
    return at;
  }
}

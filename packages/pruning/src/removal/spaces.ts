/** Tensors that a channel runs through, and how. */
export interface Member {
  readonly tensor: string;
  readonly axis: number;
  /** What the channel does there: its own weights, what is added or multiplied, or a weight that reads it. */
  readonly part: 'producer' | 'follower' | 'bias' | 'gamma' | 'beta' | 'mean' | 'consumer';
}

/** Channels that can only go together: of values that are added, and of everything that reads them. */
export interface ChannelGroup {
  readonly channels: number;
  readonly members: readonly Member[];
  /** Nodes of depthwise convolutions, whose number of groups is that of the channels. */
  readonly depthwise: readonly string[];
}

interface Space {
  parent: number;
  readonly channels: number;
  readonly members: Member[];
  readonly depthwise: string[];
  /** Why nothing may be taken out; null where it may. */
  pinned: string | null;
}

/** Channel axes of values, joined where an operator needs them to stay aligned. */
export class Spaces {
  private readonly all: Space[] = [];

  make(channels: number): number {
    this.all.push({ parent: this.all.length, channels, members: [], depthwise: [], pinned: null });
    return this.all.length - 1;
  }

  channelsOf(id: number): number {
    return this.root(id).channels;
  }

  add(id: number, member: Member): void {
    this.root(id).members.push(member);
  }

  addDepthwise(id: number, node: string): void {
    this.root(id).depthwise.push(node);
  }

  pin(id: number, why: string): void {
    this.root(id).pinned ??= why;
  }

  join(a: number, b: number): void {
    const [into, from] = [this.root(a), this.root(b)];
    if (into === from) return;
    into.members.push(...from.members);
    into.depthwise.push(...from.depthwise);
    into.pinned ??= from.pinned;
    from.parent = into.parent;
  }

  /** Groups with weights of their own, and the weights of those in which nothing may be taken out, with the reason. */
  result(): { groups: ChannelGroup[]; leftAlone: Map<string, string> } {
    const groups: ChannelGroup[] = [];
    const leftAlone = new Map<string, string>();
    for (const [id, space] of this.all.entries()) {
      if (space.parent !== id) continue;
      const { channels, members, depthwise, pinned } = space;
      const producers = members.filter(({ part }) => part === 'producer');
      if (producers.length === 0) continue;
      if (pinned === null) groups.push({ channels, members, depthwise });
      else for (const { tensor } of producers) leftAlone.set(tensor, pinned);
    }
    return { groups, leftAlone };
  }

  private root(id: number): Space {
    let space = this.all[id]!;
    while (this.all[space.parent] !== space) space = this.all[space.parent]!;
    return space;
  }
}

/** Types that devices have peak rates for. */
export type DeviceType = 'f32' | 'f16' | 'int8';

/** What an estimate needs to know of a device. Peaks are those that a document states or that follow from it; they are not reached. */
export interface DeviceProfile {
  /** As recipes name it. */
  readonly name: string;
  readonly label: string;
  /** Operations a second, two for each multiply-add, by type. */
  readonly peak: Partial<Readonly<Record<DeviceType, number>>>;
  /** In what people run models there that are stored as floats. */
  readonly runs: 'f32' | 'f16';
  readonly memoryBytesPerSecond: number;
  /** From one operator to the next; an assumption. */
  readonly overheadSeconds: number;
  /** Sizes are rounded up to these: fewer channels take as long. */
  readonly channelMultiple: number;
  /** Zeros that it skips, and from which size on. */
  readonly sparse: readonly {
    readonly pattern: '2:4';
    readonly types: readonly DeviceType[];
    readonly gain: number;
    readonly minimumRows: number;
    readonly minimumInner: number;
  }[];
  /** Documents that the figures are from, and how those follow that no document states. */
  readonly sources: readonly string[];
}

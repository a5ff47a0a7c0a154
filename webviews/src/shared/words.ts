/** Words that several pages share. Everything a person reads in this folder stands here. */
export const HOW = {
  exact: 'exact',
  exactWhy: 'Counted over every value',
  sampled: (percent: string) => `sampled ±${percent}\u202f%`,
  sampledWhy: (percent: string) =>
    `From a seeded sample of ${percent}\u202f% of the values, with the half width of its 95\u202f% interval`,
};

export const SEVERITY = { error: 'Error', warning: 'Warning', information: 'Information' } as const;

export const TABLE_TWIN = { show: 'Show as table', hide: 'Show as picture' };

export const KEYS_SHEET = { title: 'Keys', close: 'Close' };

export const SASH = 'Width of the table';

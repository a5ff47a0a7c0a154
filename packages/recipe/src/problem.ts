/** Something that is wrong with a recipe, and where. */
export interface Problem {
  /** `recipe/…` or `option/…`. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
  /** UTF-16 offsets in the text. */
  readonly from: number;
  readonly to: number;
  /** Text that would stand there instead, or at a place of its own. */
  readonly fix?: Fix;
}

export interface Fix {
  readonly title: string;
  readonly text: string;
  /** What the text takes the place of, where that is not what the problem marks. */
  readonly at?: { readonly from: number; readonly to: number };
}

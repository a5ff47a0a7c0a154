/** Something that is wrong with a recipe, and where. */
export interface Problem {
  /** `recipe/…` or `option/…`. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
  /** UTF-16 offsets in the text. */
  readonly from: number;
  readonly to: number;
  /** Text that would stand there instead. */
  readonly fix?: { readonly title: string; readonly text: string };
}

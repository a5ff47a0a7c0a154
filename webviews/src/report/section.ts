import type { TemplateResult } from 'lit';

/** A part of the page: its short noun in the outline, the person's next question as its heading. */
export interface Section {
  readonly id: string;
  readonly noun: string;
  readonly question: string;
  readonly body: TemplateResult;
  readonly warns?: boolean;
}

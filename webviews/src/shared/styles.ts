import { noChange } from 'lit';
import { Directive, directive, type ElementPart, type PartInfo, PartType } from 'lit/directive.js';

type Declarations = Readonly<Record<string, string | null>>;

/**
 * Sets properties of an element's style: `<i ${css({ width: '10%' })}></i>`. It goes through the style object, because the
 * pages' content security policy forbids style attributes, which is what lit's own `styleMap` writes first.
 */
class CssDirective extends Directive {
  private before: Declarations = {};

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('css() belongs on an element, not in an attribute');
  }

  render(_declarations: Declarations): unknown {
    return noChange;
  }

  override update(part: ElementPart, [declarations]: [Declarations]): unknown {
    const { style } = part.element as HTMLElement | SVGElement;
    for (const name of Object.keys(this.before)) if (!(name in declarations)) style.removeProperty(name);
    for (const [name, value] of Object.entries(declarations)) {
      if (this.before[name] === value) continue;
      if (value === null) style.removeProperty(name);
      else style.setProperty(name, value);
    }
    this.before = declarations;
    return noChange;
  }
}

export const css = directive(CssDirective);

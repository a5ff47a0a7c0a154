import { type Span, WireReader } from '../../protobuf/index.js';

/** What the object graph of TensorFlow 2 says of a key of the checkpoint. */
export interface KnownVariable {
  /** Name of the variable in the program: `dense/kernel`. */
  readonly fullName: string;
  /** It is a slot (momentum, velocity) or other state of an optimizer. */
  readonly optimizer: boolean;
}

/** Reads a TrackableObjectGraph. Source: tensorflow/core/protobuf/trackable_object_graph.proto. */
export async function readObjectGraph(span: Span, signal?: AbortSignal): Promise<Map<string, KnownVariable>> {
  const reader = new WireReader({ signal });
  const attributes: { key: string; fullName: string; node: number }[] = [];
  const slots = new Set<number>();
  const children = new Map<number, { node: number; name: string }[]>();
  let node = -1;
  await reader.message(span, {
    1: async (object) => {
      node++;
      reader.keep(1, span);
      await reader.message(object.span(), {
        1: async (field) => {
          let id = 0;
          let name = '';
          await reader.message(field.span(), {
            1: (inner) => {
              id = inner.int();
            },
            2: (inner) => {
              name = inner.text();
            },
          });
          reader.keep(1, span);
          const list = children.get(node);
          if (list === undefined) children.set(node, [{ node: id, name }]);
          else list.push({ node: id, name });
        },
        2: async (field) => {
          let fullName = '';
          let key = '';
          await reader.message(field.span(), {
            2: (inner) => {
              fullName = inner.text();
            },
            3: (inner) => {
              key = inner.text();
            },
          });
          reader.keep(1, span);
          attributes.push({ key, fullName, node });
        },
        3: async (field) => {
          await reader.message(field.span(), {
            3: (inner) => {
              slots.add(inner.int());
            },
          });
        },
      });
    },
  });
  const states = belowOptimizers(children);
  return new Map(
    attributes.map(({ key, fullName, node: owner }) => [
      key,
      { fullName, optimizer: slots.has(owner) || states.has(owner) },
    ]),
  );
}

/** Nodes that hang below a child called `optimizer` and nowhere else: its step counter, learning rate and slots. */
function belowOptimizers(children: ReadonlyMap<number, readonly { node: number; name: string }[]>): Set<number> {
  const reach = (starts: readonly number[], skip: (name: string) => boolean): Set<number> => {
    const seen = new Set(starts);
    const queue = [...starts];
    for (let next = 0; next < queue.length; next++) {
      for (const child of children.get(queue[next]!) ?? []) {
        if (seen.has(child.node) || skip(child.name)) continue;
        seen.add(child.node);
        queue.push(child.node);
      }
    }
    return seen;
  };
  const isOptimizer = (name: string): boolean => name === 'optimizer' || name === '_optimizer';
  const model = reach([0], isOptimizer);
  const everything = reach([0], () => false);
  return new Set([...everything].filter((id) => !model.has(id)));
}

import { l10n, type QuickPickItem, window } from 'vscode';

/** The step of a recipe that stores weights with few bits, as somebody chooses it; undefined where they change their mind. */
export async function chooseQuantization(): Promise<
  { readonly steps: readonly string[]; readonly suffix: string } | undefined
> {
  const item = (
    label: string,
    detail: string,
    step: string,
    suffix: string,
  ): QuickPickItem & { step: string; suffix: string } => ({
    label,
    detail,
    step,
    suffix,
  });
  const codes = (scheme: string, more = ''): string =>
    `quantize: { method: post-training, default: { scheme: ${scheme}${more} } }`;
  const picked = await window.showQuickPick(
    [
      item(
        l10n.t('8 bits'),
        l10n.t('A scale for each output channel; for safetensors, PyTorch, npz and ONNX.'),
        codes('int8-sym'),
        'int8',
      ),
      item(
        l10n.t('4 bits in groups'),
        l10n.t('A scale for every 64 weights; safetensors, PyTorch and npz.'),
        codes('int4-sym', ', granularity: group, groupSize: 64'),
        'int4',
      ),
      item(l10n.t('Half precision'), l10n.t('bfloat16, half of the bytes of f32.'), codes('bf16'), 'bf16'),
      item(l10n.t('Signs'), l10n.t('One bit a weight; not usable without training.'), codes('binary'), 'binary'),
      item(
        l10n.t('GGUF blocks, 8 bits'),
        l10n.t('Q8_0, for models in GGUF.'),
        'quantize: { method: gguf, type: Q8_0 }',
        'q8_0',
      ),
      item(
        l10n.t('GGUF blocks, 4 bits'),
        l10n.t('Q4_0, for models in GGUF.'),
        'quantize: { method: gguf, type: Q4_0 }',
        'q4_0',
      ),
    ],
    { title: l10n.t('Quantize'), placeHolder: l10n.t('How weights are stored'), matchOnDetail: true },
  );
  return picked === undefined ? undefined : { steps: [picked.step], suffix: picked.suffix };
}

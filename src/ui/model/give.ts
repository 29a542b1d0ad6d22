/** Files that leave the page. */

/** Hands a file to the browser to save. */
export function give(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const MODEL_TYPE = 'application/octet-stream';
/** A name that every system takes. */
export const fileName = (name: string, as: 'safetensors' | 'onnx' = 'safetensors') =>
  `${name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'model'}.${as}`;

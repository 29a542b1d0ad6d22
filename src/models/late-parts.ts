/** The writer of ONNX files: wanted by few, and fetched for them. */
import { Late } from '../base/late.ts';

export const ONNX = new Late('The writer of ONNX files', async () => {
  const { encodeOnnx, refusesOnnx } = await import('./onnx.ts');
  return { encodeOnnx, refusesOnnx };
});

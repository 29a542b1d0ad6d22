/** The models of a run as ONNX files beside the others: every worker's, and their mean. */
import { encodeOnnx } from '../../src/models/onnx.ts';
import type { Assets } from '../../src/session/assets.ts';
import type { WorkerModel } from '../../src/session/handle.ts';
import type { RunFolder } from './folder.ts';
import { meanParameters } from './summary.ts';

/** @throws {OutputError} */
export async function writeOnnxModels(
  folder: RunFolder,
  models: readonly WorkerModel[],
  { recipe, layout, preparation, shape: data }: Assets,
): Promise<void> {
  const write = (name: string, parameters: Float32Array, about: Readonly<Record<string, string>>) => {
    const metadata = { model: JSON.stringify(recipe.model), seed: String(recipe.seed), ...about };
    const source = { model: recipe.model, layout, parameters, data, preparation, metadata };
    return folder.write(`model-${name}.onnx`, encodeOnnx(source));
  };
  for (const { seat, round, parameters } of models) {
    await write(String(seat), parameters, { seat: String(seat), round: String(round) });
  }
  const mean = meanParameters(models);
  if (mean !== null) await write('mean', mean, { workers: String(models.length) });
}

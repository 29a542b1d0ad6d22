/** The models of a run as ONNX files beside the others: the reported one, and every worker's. */
import { encodeOnnx } from '../../src/models/onnx.ts';
import type { Assets } from '../../src/session/assets.ts';
import type { WorkerModel } from '../../src/session/handle.ts';
import type { RunFolder } from './folder.ts';
import { reportedOf } from './reported.ts';

/** @throws {OutputError} */
export async function writeOnnxModels(
  folder: RunFolder,
  models: readonly WorkerModel[],
  { recipe, layout, preparation, shape: data }: Assets,
): Promise<void> {
  const write = (name: string, parameters: Float32Array, about: Readonly<Record<string, string>>) => {
    const metadata = { model: JSON.stringify(recipe.model), seed: String(recipe.seed), ...about };
    const source = { model: recipe.model, layout, parameters, data, preparation, metadata };
    return folder.write(`${name}.onnx`, encodeOnnx(source));
  };
  for (const { seat, round, parameters } of models) {
    await write(`model-${seat}`, parameters, { seat: String(seat), round: String(round) });
  }
  const reported = reportedOf(recipe, models);
  if (reported === null) return;
  const { says, round, parameters } = reported;
  await write('model', parameters, { of: says, round: String(round) });
}
